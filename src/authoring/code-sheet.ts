// Writes a sheet of a policy's codes for a pharmacist to check, unverified codes first. Certainty comes from the code's
// comment (valueset-concept-comments) and its value set's description. Without a comment, a code is unverified.

import { literalKey } from "../policy/check/value-sets.ts";
import type { Policy } from "../policy/format/policy.ts";
import type { Concept, ValueSet } from "../policy/terminology/value-sets.ts";
import { csvOf } from "../store/csv.ts";

export type Certainty = "unverified" | "to be checked" | "one source" | "several sources";

/** One code, with all value sets that list it. */
export type CodeRow = {
  /** The lowest certainty in any of its value sets. */
  readonly certainty: Certainty;
  readonly valueSets: readonly { readonly name: string; readonly certainty: Certainty }[];
  readonly system: string;
  readonly code: string;
  /** Display and source from the value sets, joined if they differ. */
  readonly display: string;
  readonly source: string;
};

const ORDER: readonly Certainty[] = ["unverified", "to be checked", "one source", "several sources"];
const UNVERIFIED = /\bverified: (false|no)\b|\bunverified\b|\bfrom memory\b/i;
const DOUBTS =
  /\bcheck\b|\bnot (checked|stated|seen|certain|verified)\b|\bweak\b|\binferred\b|\bprobably\b|\bmay be\b|\bsecondary sources?\b|\bretired\b|\bdiscontinued\b|\bno terminology server\b/i;

/** Each code once: the least certain first, then in the order of the value sets. */
export function codesOf({ terminology }: Policy): CodeRow[] {
  const listed = [...terminology.sets.values()].flatMap((set) =>
    set.concepts.map((concept) => ({ name: set.name, certainty: certaintyOf(set, concept), concept })),
  );
  const byCode = Map.groupBy(listed, ({ concept }) => literalKey(concept));
  const rows = [...byCode.values()].map((same) => rowOf(same as [Listed, ...Listed[]]));
  return rows.toSorted((a, b) => rank(a) - rank(b)); // a stable sort
}

type Listed = { readonly name: string; readonly certainty: Certainty; readonly concept: Concept };

function rowOf(same: readonly [Listed, ...Listed[]]): CodeRow {
  const [{ concept }] = same;
  const differing = (texts: readonly string[]) => [...new Set(texts.filter(Boolean))].join("; ");
  return {
    certainty: ORDER.find((each) => same.some(({ certainty }) => certainty === each)) ?? "unverified",
    valueSets: same.map(({ name, certainty }) => ({ name, certainty })),
    system: concept.system,
    code: concept.code,
    display:
      differing(same.map(({ concept: { display } }) => (display === concept.code ? "" : display))) || concept.code,
    source: differing(same.map(({ concept: { comment = "" } }) => comment)),
  };
}

const rank = ({ certainty }: { readonly certainty: Certainty }) => ORDER.indexOf(certainty);

/** The value sets, with the certainty of those where it is higher. */
function namesOf({ valueSets, certainty: least }: CodeRow): string {
  return valueSets.map(({ name, certainty }) => (certainty === least ? name : `${name} (${certainty})`)).join(", ");
}

function certaintyOf({ description = "" }: ValueSet, { comment = "" }: Concept): Certainty {
  if (comment === "" || UNVERIFIED.test(comment) || UNVERIFIED.test(description)) return "unverified";
  if (DOUBTS.test(comment)) return "to be checked";
  const counted = /\b(\d+) (?:independent )?sources?\b/.exec(comment)?.[1];
  const sources = counted ? Number(counted) : comment.split(/;\s/).length;
  return sources > 1 ? "several sources" : "one source";
}

export function writeSheetCsv({ id, revision }: Policy, rows: readonly CodeRow[]): string {
  const cells = rows.map((row) => [
    row.certainty,
    namesOf(row),
    row.system,
    row.code,
    row.display,
    row.source,
    id,
    revision,
  ]);
  return csvOf([["certainty", "value sets", "system", "code", "display", "source", "policy", "revision"], ...cells]);
}

export function writeSheetMarkdown({ id, title, revision, terminology }: Policy, rows: readonly CodeRow[]): string {
  const sections = ORDER.flatMap((certainty) => {
    const same = rows.filter((row) => row.certainty === certainty);
    return same.length > 0 ? [`## ${headings[certainty]} (${same.length})`, tableOf(same)] : [];
  });
  const sets = [...terminology.sets.values()].map((set) => {
    return `- ${cell(set.name)}: ${cell(set.title)}. ${cell(set.description ?? "")}`;
  });
  return `${[
    `# Codes of ${cell(title)}`,
    `Policy ${id}, revision ${revision}. ${rows.length} codes in ${sets.length} value sets.`,
    ...sections,
    "## Value sets",
    sets.join("\n"),
    "## Signature",
    `Revision: ${revision}`,
    ["Name:", "Date:", "What was checked, and against what:", "Codes not confirmed:", "Signature:"]
      .map((field) => `${field} ${"_".repeat(40)}`)
      .join("\n\n"),
  ].join("\n\n")}\n`;
}

const headings: Record<Certainty, string> = {
  unverified: "Unverified: marked so in the comment or the value set's description, or without a source",
  "to be checked": "To be checked: the source is weak, outdated, or uncertain",
  "one source": "Seen in one source",
  "several sources": "Seen in several sources",
};

const COLUMNS = ["Confirmed", "Value sets", "System", "Code", "Display", "Source"];

function tableOf(rows: readonly CodeRow[]): string {
  const lines = rows.map((row) => ["☐", ...[namesOf(row), row.system, row.code, row.display, row.source].map(cell)]);
  return [COLUMNS, COLUMNS.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Escapes text for a Markdown table cell. */
function cell(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]|<>]/g, "\\$&")
    .trim();
}
