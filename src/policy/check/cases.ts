// Checks a policy's cases.yaml: that there is one, that its cases fit their format, and that what they name is there. Whether the
// policy gives the answers that they expect is another question.

import { chartTypes } from "../decision/chart.ts";
import type { FhirObject } from "../fhir-json.ts";
import { type CaseFile, caseFileSchema } from "../format/case-file.ts";
import type { Policy } from "../format/policy.ts";
import type { Notes } from "../load/findings.ts";
import { readAs } from "../load/read-as.ts";
import { readSource } from "../load/source-file.ts";
import { reportDuplicates } from "./policy.ts";
import { checkRecord } from "./records.ts";
import { nearest } from "./suggest.ts";

/** The keys of a case under which records stand, and of what type those are. */
const recordTypes = { orders: "MedicationRequest", ...chartTypes };

/** @param policy what the cases name is looked up in; undefined where it has faults of its own */
export function checkCases(file: string, policy: Policy | undefined, notes: Notes): void {
  const source = readSource(file, notes);
  const read = source && readAs(source, caseFileSchema);
  if (!source || !read) return;
  reportDuplicates(
    source,
    ["cases"],
    "name",
    read.cases.map(({ name }) => name),
  );
  const { cases } = source.value as Pick<CaseFile, "cases">; // as written: what an anchor shares is one object, and looked at once
  const looked = new Set<FhirObject>();
  for (const [index, given] of cases.entries()) {
    for (const [key, type] of Object.entries(recordTypes)) {
      for (const [each, record] of (given[key as keyof typeof recordTypes] ?? []).entries())
        checkRecord(source, ["cases", index, key, each], record, { type, looked });
    }
  }
  if (!policy) return;
  const criteria = policy.criteria.map(({ id }) => id);
  const cautions = policy.cautions.map(({ id }) => id);
  const sets = [...policy.terminology.sets.keys()];
  const check = (path: readonly PropertyKey[], kind: string, name: string, known: readonly string[]) => {
    if (known.includes(name)) return;
    const at = path.at(-1) === name ? "key" : 0;
    source.fault(path, `there is no ${kind} "${name}"`, { at, suggestion: nearest(name, known) });
  };
  for (const name of Object.keys(read.names)) check(["names", name], "value set", name, sets);
  for (const [index, { expect }] of read.cases.entries()) {
    const path = ["cases", index, "expect"];
    for (const id of Object.keys(expect.criteria)) check([...path, "criteria", id], "criterion", id, criteria);
    for (const [each, id] of (expect.cautions ?? []).entries())
      check([...path, "cautions", each], "caution", id, cautions);
  }
}
