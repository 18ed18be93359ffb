// The detail text of a card, for a busy prescriber: what was found, what was not, what was not received, and what to
// do. Plain Markdown (bold and lists). All text from a request is escaped.

import type { Change, NoChangeReason } from "../policy/decision/change.ts";
import type { ChartVariable } from "../policy/decision/chart.ts";
import type { CriterionFinding, Decision, Evidence, Outcome, Row } from "../policy/decision/decide.ts";
import type { Gap } from "../policy/decision/gaps.ts";
import { drugOf } from "../policy/decision/order.ts";
import { type FhirRecord, isObject, namesOf, referenceTo, textIn } from "../policy/fhir-json.ts";
import {
  escapeMarkdown,
  plain,
  renderMarkdown,
  type Template,
  type TemplateValues,
} from "../policy/fhirpath/template.ts";
import type { Texts } from "../policy/terminology/texts.ts";
import { type ClientForm, enterAgain, isChoice } from "./suggestion.ts";

const MAX_EVIDENCE = 3;

/** The input to a card's text. */
export type CardParts = {
  readonly decision: Decision;
  /** The name of each order, in the order of the decision's changes. */
  readonly names: readonly string[];
  readonly values: TemplateValues;
  /** The changes offered as suggestions. */
  readonly offered: ReadonlySet<Change>;
  readonly form: ClientForm;
  readonly texts: Texts;
};

/** Variables of the policy's text templates. `evidence` is added where there is some. */
export function templateValuesOf({ policy, changes, criteria }: Decision): TemplateValues {
  const orders = changes.map(({ order }) => order.resolved);
  const { title, publisher, reviewDate, revision } = policy;
  return {
    order: orders.slice(0, 1),
    orders,
    missing: criteria.filter(({ outcome }) => outcome !== "documented").map(({ criterion }) => criterion.inShort),
    payer: { name: policy.payer.name },
    policy: { title, publisher, date: reviewDate, version: revision },
  };
}

/**
 * Names of the orders on the card and in its suggestions, in the order of `changes`. Plain text: product and strength
 * if the strength is certain, else the order's own name for the drug.
 */
export function nameOrders({ changes, policy }: Decision): string[] {
  return changes.map(({ order, replacements: [replacement] }) => {
    const strength = replacement?.strength;
    const [ownName] = namesOf(drugOf(order.resolved) ?? {});
    return strength || !ownName ? [policy.nonPreferred.name, strength].filter(Boolean).join(" ") : plain(ownName);
  });
}

export function writeDetail(parts: CardParts): string {
  const { decision, names, values, texts } = parts;
  const { policy, row, criteria, gaps, payer } = decision;
  const write = (template: Template, more: TemplateValues = {}) =>
    renderMarkdown(template, { ...values, ...more }, texts);
  const isException = row === "exception-to-confirm" || row === "exception-established";
  const plan = isException ? "planConfirm" : payer === "this-payer" ? "planKnown" : "planUnknown";
  const ordered = [...new Set(names)].map((name) => `**${escapeMarkdown(name)}**`).join(", ");
  const cautions = decision.cautions.filter(({ caution }) => !isException || caution.shownWithException);
  const paragraphs = [
    ...cautions.map(({ caution, records }) => `**Caution:** ${write(caution.text, { evidence: records })}`),
    `${ordered}: ${write(policy.texts[plan])}`,
    [...criteria.map((finding) => writeCriterion(finding, decision, write)), ...writeGaps(gaps)].join("\n"),
    // Identical orders are named once, so each line about them appears once.
    [...new Set([...writeNoChangeReasons(decision, names), ...writeHow(parts)])].join("\n"),
    isException ? write(policy.texts.confirm) : write(policy.texts.exception),
    write(policy.texts.closing),
  ];
  return paragraphs.filter(Boolean).join("\n\n");
}

type Write = (template: Template, more?: TemplateValues) => string;

const WORDS: Record<Outcome, string> = {
  documented: "found",
  supporting: "needs documentation",
  "not-found": "not found",
  unknown: "not found in what was received",
};

function writeCriterion(finding: CriterionFinding, { gaps }: Decision, write: Write): string {
  const { criterion, outcome, evidence, sources } = finding;
  const nothingReceived = sources.every((source) =>
    gaps.some((gap) => gap.source === source && ["not-received", "failed", "circuit-open"].includes(gap.kind)),
  );
  const usual = outcome === "unknown" && nothingReceived ? "not received" : WORDS[outcome];
  const word = criterion.words[outcome] ?? usual;
  const found = evidence.length > 0 ? `: ${writeEvidence(evidence, write)}` : "";
  const wouldCount = outcome !== "documented" && criterion.wouldCount ? ` Would count: ${criterion.wouldCount}.` : "";
  const reminder = criterion.reminder ? ` ${criterion.reminder}` : "";
  return `- ${criterion.label}: **${word}**${found}.${wouldCount}${reminder}`;
}

/** Newest first, undated records last. Records with the same note share it. */
function writeEvidence(evidence: readonly Evidence[], write: Write): string {
  const newest = evidence.toSorted((a, b) => (dateOf(b.record) ?? "").localeCompare(dateOf(a.record) ?? ""));
  const byNote = Map.groupBy(newest.slice(0, MAX_EVIDENCE), ({ rule }) => rule.note);
  const groups = [...byNote].map(([note, group]) => {
    const shown = group.map(({ record, rule }) => {
      return write(rule.show, { evidence: [record] }) + citeRecord(record);
    });
    return shown.join("; ") + (note ? ` – ${note}` : "");
  });
  const more = evidence.length > MAX_EVIDENCE ? ` and ${evidence.length - MAX_EVIDENCE} more` : "";
  return groups.join("; ") + more;
}

/** The record's reference and date, in parentheses. Markdown. */
function citeRecord(record: FhirRecord): string {
  const where = [referenceTo(record), dateOf(record)].filter((part) => part !== undefined).map(escapeMarkdown);
  return where.length > 0 ? ` (${where.join(", ")})` : "";
}

/** When it happened, or was recorded. */
function dateOf(record: FhirRecord): string | undefined {
  const period = isObject(record.effectivePeriod) ? record.effectivePeriod.start : undefined;
  const dates = [
    ...[record.effectiveDateTime, period, record.whenHandedOver, record.whenPrepared, record.authoredOn],
    ...[record.onsetDateTime, record.recordedDate],
  ];
  return dates
    .map(textIn)
    .find((date) => date !== undefined)
    ?.slice(0, 10);
}

const SOURCE_NAMES: Record<ChartVariable, string> = {
  coverage: "coverage",
  medicationStatements: "medication statements",
  medicationRequests: "prescriptions",
  medicationDispenses: "dispense records",
  allergies: "allergies",
};

const RECORD_NAMES: Record<ChartVariable, string> = {
  coverage: "coverage record",
  medicationStatements: "medication record",
  medicationRequests: "medication record",
  medicationDispenses: "medication record",
  allergies: "allergy record",
};

function* writeGaps(gaps: readonly Gap[]): Generator<string> {
  const named = (kinds: Gap["kind"][]) => {
    return [...new Set(gaps.filter(({ kind }) => kinds.includes(kind)).map(({ source }) => SOURCE_NAMES[source]))].join(
      ", ",
    );
  };
  const notReceived = named(["not-received"]);
  const failed = named(["failed"]);
  const circuitOpen = named(["circuit-open"]);
  const narrowed = named(["narrowed"]);
  const partly = named(["pages-missing", "part-failed"]);
  const tooMany = named(["too-many"]);
  if (notReceived) yield `- Not received: ${notReceived}.`;
  if (failed) yield `- Could not be read: ${failed}.`;
  if (circuitOpen) yield `- Not asked for, since the EHR's record server failed repeatedly: ${circuitOpen}.`;
  if (narrowed) yield `- Received in part, since the EHR's query leaves records out: ${narrowed}.`;
  if (tooMany) yield `- Received in part, since there are more records than can be looked at: ${tooMany}.`;
  if (partly) yield `- Received in part: ${partly}.`;
  const counts = new Map<string, number>();
  for (const { source, kind, count } of gaps) {
    if (kind === "unreadable") counts.set(RECORD_NAMES[source], (counts.get(RECORD_NAMES[source]) ?? 0) + count);
  }
  for (const [name, count] of counts) yield `- ${count} ${name}${count === 1 ? "" : "s"} could not be read.`;
  for (const { source, kind, count } of gaps) {
    if (kind === "unanswered")
      yield `- ${count} ${RECORD_NAMES[source]}${count === 1 ? "" : "s"}: not known, or nothing named.`;
  }
}

/** Why there is no one-click change: once if the row rules it out, else order by order. */
function* writeNoChangeReasons(
  { row, changes, policy, alreadyOrdered }: Decision,
  names: readonly string[],
): Generator<string> {
  const byRow: Partial<Record<Row, string>> = {
    "overriding-caution": "No change in one click, because of the recorded reaction.",
    caution: "No change in one click, because of the recorded reaction.",
    "cautions-unread": `No change in one click: a reaction to ${policy.preferred.name}, or to an ingredient, cannot be ruled out, since what would tell it was not received, not in full, or is not known.`,
  };
  if (byRow[row]) yield byRow[row];
  const reasons: Record<NoChangeReason, string | undefined> = {
    withheld: undefined,
    "no-id": "the draft has no id",
    "strength-unknown": "the strength is not certain",
    "brand-in-instructions": `its instructions or notes name ${policy.nonPreferred.name}`,
    "brand-only": "words on the order ask for the brand or report a reaction; review it first",
    "also-ordered": `another order among these is of ${policy.preferred.name} or of the same drug; check whether both are meant, as parts of one dose`,
    "already-ordered": `${nameRecord(alreadyOrdered[0])} is on order already, and two orders could result`,
  };
  for (const [index, change] of changes.entries()) {
    const reason = noChangeReason(change) && reasons[noChangeReason(change) ?? "withheld"];
    if (reason)
      yield `No change in one click for ${escapeMarkdown(names[index] ?? policy.nonPreferred.name)}: ${reason}.`;
  }
}

/** The record's own name for its drug, with its reference and date. Markdown. */
function nameRecord(record: FhirRecord | undefined): string {
  if (!record) return "";
  const [name = "the drug"] = namesOf(drugOf(record) ?? {});
  return escapeMarkdown(name) + citeRecord(record);
}

/** How to make a change that is not a single suggestion. */
function* writeHow({ decision: { changes, policy }, names, offered, form }: CardParts): Generator<string> {
  for (const [index, change] of changes.entries()) {
    if (change.kind === "none") continue;
    const ordered = escapeMarkdown(names[index] ?? policy.nonPreferred.name);
    const products = EITHER.format(change.replacements.map(({ display }) => escapeMarkdown(display)));
    if (!offered.has(change)) {
      const isReplaced = change.kind === "replace";
      yield isReplaced ? `To change: order ${products} instead of ${ordered}.` : `To change: remove ${ordered}.`;
    } else if (isChoice(change)) {
      yield `To change: accept one, ${products}.`;
    } else if (form.replacement === "separate" && change.kind === "replace") {
      yield `To change: accept both, the order of ${products} and the removal of ${ordered}. ${escapeMarkdown(enterAgain(change.order.asSent))}`;
    }
  }
}

const EITHER = new Intl.ListFormat("en-US", { type: "disjunction" });

function noChangeReason(change: Change): NoChangeReason | undefined {
  return change.kind === "none" ? change.why : undefined;
}
