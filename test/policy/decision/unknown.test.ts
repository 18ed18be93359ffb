// Unknown is never no: a criterion that found nothing is "not found" only where all that could document it was read and understood.
import { readCase } from "../../../src/authoring/run-cases.ts";
import { loadCases } from "../../../src/cases/cases.ts";
import type { ChartVariable, Source } from "../../../src/policy/decision/chart.ts";
import { decide } from "../../../src/policy/decision/decide.ts";
import type { FhirRecord } from "../../../src/policy/fhir-json.ts";
import { loadPolicies } from "../../../src/policy/load/load.ts";
import { coded, RXNORM } from "../../support/calls.ts";

const [policy] = loadPolicies("cards");
const plain = loadCases("cards/imatinib-preferred").find(({ name }) => name === "nothing in the chart");
if (!policy || !plain) throw new Error("no policy, or no such case");
const fail = () => {
  throw new Error("the policy applies to no order of the case");
};

const read = (...records: FhirRecord[]): Source => {
  return { state: "read", records, shortfalls: [], unreadable: 0, otherPatient: 0 };
};
const empty = read();
const generic = { resourceType: "MedicationStatement", medicationCodeableConcept: coded(RXNORM, "403879") };
const allergy = (text: string): FhirRecord => ({ resourceType: "AllergyIntolerance", code: { text } });

test.each<[string, ChartVariable, Source, string]>([
  ["nothing is there", "allergies", empty, "not-found"],
  ["no allergy is known", "allergies", read(allergy("No known allergies")), "not-found"],
  ["nobody asked", "allergies", read(allergy("Not asked")), "unknown"],
  ["nobody asked about the rest", "allergies", read(allergy("Not asked"), allergy("Lactose")), "supporting"],
  ["a record could not be understood", "allergies", { ...empty, unreadable: 1 } as Source, "unknown"],
  ["the source is not known to the EHR", "allergies", { state: "unsupported" }, "not-found"],
  ["not all pages came", "medicationStatements", { ...empty, shortfalls: ["pages-missing"] } as Source, "unknown"],
  // An expression asks for one status.
  ["no expression can read it", "medicationStatements", read({ ...generic, status: ["completed", "x"] }), "unknown"],
  ["it was never taken", "medicationStatements", read({ ...generic, status: "not-taken" }), "not-found"],
])("%s: %s", (_what, variable, source, outcome) => {
  const { applicable, chart, reading } = readCase(policy, plain) ?? fail();
  const { criteria } = decide(applicable, { ...chart, [variable]: source }, reading);
  const judged = criteria.find(({ criterion: { decides }, sources }) => decides && sources.includes(variable));
  expect(judged?.outcome).toBe(outcome);
});
