// Reads a policy's value sets and checks each on its own: that its codes are listed, and that a record can have them.
import { basename, extname, join } from "node:path";
import type { PolicyFile } from "../format/policy-file.ts";
import { type Notes, wholeFile } from "../load/findings.ts";
import { readAs } from "../load/read-as.ts";
import { type Path, readSource, type SourceFile } from "../load/source-file.ts";
import { codingKeys, systemUrl } from "../terminology/codings.ts";
import {
  type Listed,
  listConcepts,
  type Recognition,
  readValueSet,
  type ValueSet,
  type ValueSetResource,
  valueSetSchema,
} from "../terminology/value-sets.ts";

/** A value set and the positions of its codes. */
export type ValueSetFile = {
  readonly set: ValueSet;
  readonly source: SourceFile;
  readonly resource: ValueSetResource;
  /** Its codes, with the keys by which a record may have each. */
  readonly listed: readonly (Listed & { readonly keys: readonly string[] })[];
};

/** @param recognized the policy's text and name rules for its value sets, if it could be read */
export function readValueSets(
  directory: string,
  names: readonly string[],
  recognized: Pick<PolicyFile, "text" | "substances"> | undefined,
  notes: Notes,
): ValueSetFile[] {
  const known = new Set<string>();
  return names.flatMap((name) => {
    const file = join(directory, name);
    const set = setName(name);
    if (known.has(set)) notes.fault(wholeFile(file, `is a second file for the value set "${set}"`));
    known.add(set);
    const source = readSource(file, notes);
    const resource = source && readAs(source, valueSetSchema);
    if (!source || !resource) return [];
    const read: ValueSetFile = {
      set: readValueSet(set, resource, recognitionOf(recognized, set)),
      source,
      resource,
      listed: listConcepts(resource).map((listed) => ({ ...listed, keys: codingKeys(listed.concept) })),
    };
    checkSource(read);
    checkCodes(read);
    return [read];
  });
}

/** The policy's text and name rules for a value set. */
export function recognitionOf(policy: Pick<PolicyFile, "text" | "substances"> | undefined, set: string): Recognition {
  const rule = policy?.substances.sets[set];
  return { text: policy?.text[set] ?? [], names: rule && { ...rule, neutral: policy.substances.neutral } };
}

/** The name of a value set: its file name without extension. */
export function setName(file: string): string {
  return basename(file, extname(file));
}

/** Rejects whatever only a terminology server can expand. */
function checkSource({ source, resource: { compose, expansion } }: ValueSetFile): void {
  if (expansion) {
    const listed = countContained(expansion);
    const total = Number(expansion.total ?? 0);
    if (total > listed) source.fault(["expansion", "total"], `has ${listed} of ${total} codes: download all of them`);
    return;
  }
  const expand = "cannot be expanded here: download the expansion of the value set";
  for (const [index, { system, concept, filter, valueSet }] of (compose?.include ?? []).entries()) {
    const path: Path = ["compose", "include", index];
    if (filter !== undefined) source.fault([...path, "filter"], `a filter ${expand}`);
    else if (valueSet !== undefined) source.fault([...path, "valueSet"], `another value set ${expand}`);
    else if (system === undefined) source.fault(path, "needs a system");
    else if (concept === undefined) source.fault(path, `a whole code system ${expand}`);
  }
  for (const [index, { valueSet }] of (compose?.exclude ?? []).entries()) {
    const path: Path = ["compose", "exclude", index];
    if (valueSet === undefined) source.fault(path, "may only name value sets of this policy, under valueSet");
  }
}

type Contained = { readonly contains?: readonly Contained[] | undefined };

function countContained({ contains = [] }: Contained): number {
  return contains.reduce((sum, each) => sum + 1 + countContained(each), 0);
}

function checkCodes({ set, source, listed }: ValueSetFile): void {
  if (set.concepts.length === 0 && set.text.length === 0 && !set.names) {
    source.fault([], "has no codes, and the policy has no text or names for it");
  }
  const known = new Set<string>();
  for (const { path, concept, keys } of listed) {
    const at = [...path, "code"];
    const literal = literalKey(concept);
    if (known.has(literal)) source.warn(at, `${literal} is listed twice`);
    known.add(literal);
    if (keys.length === 0)
      source.fault(at, `${concept.code} is not a code of ${concept.system}: no record can match it`);
    if (keys.length > 1) source.fault(at, `${concept.code} can be read in ${keys.length} ways: write it with hyphens`);
  }
}

/** System and code as written, with the system's spelling normalized. */
export function literalKey({ system, code }: { readonly system: string; readonly code: string }): string {
  return `${systemUrl(system)}|${code}`;
}
