// Checks that a policy's cases.yaml exists, is valid, and names only existing things. Does not run the cases.

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

/** The keys of a case that contain records, and the records' types. */
const recordTypes = { orders: "MedicationRequest", ...chartTypes };

/** @param policy for looking up names; undefined if it could not be compiled */
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
  // The raw value, in which data shared by an anchor is one object.
  const { cases } = source.value as Pick<CaseFile, "cases">;
  const checked = new Set<FhirObject>();
  for (const [index, given] of cases.entries()) {
    for (const [key, type] of Object.entries(recordTypes)) {
      for (const [each, record] of (given[key as keyof typeof recordTypes] ?? []).entries())
        checkRecord(source, ["cases", index, key, each], record, { type, checked });
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
