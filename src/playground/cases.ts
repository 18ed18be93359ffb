// Reads a policy's cases.yaml and makes of each case what a client would send, or what the decision takes. Tests run the cases; the
// playground shows some of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { sources } from "../chart/sources.ts";
import { type Chart, type ChartVariable, chartVariables, type Source } from "../policy/chart.ts";
import type { FhirRecord } from "../policy/fhir-json.ts";
import type { Order } from "../policy/order.ts";

export const CASE_PATIENT = "case-patient";

const texts = z.array(z.string());
const records = z.array(z.record(z.string(), z.unknown())).default([]);
const policyCase = z.strictObject({
  name: z.string(),
  /** Shown in the playground: a made-up patient, and what is special about them. */
  scenario: z.strictObject({ patient: z.string(), story: z.string() }).optional(),
  orders: records,
  coverage: records,
  medicationStatements: records,
  medicationRequests: records,
  medicationDispenses: records,
  allergies: records,
  unread: z.array(z.enum(chartVariables)).default([]),
  expect: z.strictObject({
    row: z.string(),
    payer: z.string().optional(),
    criteria: z.record(z.string(), z.string()).default({}),
    cautions: z.array(z.string()).optional(),
    changes: z.array(z.string()).optional(),
    /** Texts that stand on the card, and texts that do not, as it is drawn. */
    says: texts.default([]),
    saysNot: texts.default([]),
  }),
});

export type PolicyCase = z.infer<typeof policyCase>;

const caseFile = z.looseObject({
  /** Names of substances and drugs, by the value set that they are looked up in: what each is to it. */
  names: z
    .record(z.string(), z.strictObject({ is: texts, mentions: texts.default([]), neither: texts.default([]) }))
    .default({}),
  /** Codes by value set and code system: each belongs to the set. */
  codes: z.record(z.string(), z.record(z.string(), texts)).default({}),
  /** Names of payors: what a coverage that names one alone tells of the payer. */
  payers: z.partialRecord(z.enum(["this-payer", "other", "unknown"]), texts).default({}),
  /** Mutants of `npm run policy -- test` that change no decision and no card, and why. */
  equivalent: z.array(z.strictObject({ why: z.string().min(1), mutants: texts.min(1) })).default([]),
  cases: z.array(policyCase),
});

export type CaseFile = z.infer<typeof caseFile>;

/** @throws Error where cases.yaml is missing, no YAML, or not of this form */
export function readCases(folder: string): CaseFile {
  const text = readFileSync(join(folder, "cases.yaml"), "utf8");
  return caseFile.parse(parse(text, { schema: "failsafe", maxAliasCount: -1 })); // cases share drugs by alias
}

export function loadCases(folder: string): PolicyCase[] {
  return readCases(folder).cases;
}

/** The draft orders of a case as a client would send them. */
export function draftsOf({ orders }: PolicyCase): FhirRecord[] {
  return orders.map((order, index) => ({
    resourceType: "MedicationRequest",
    id: `order-${index + 1}`,
    status: "draft",
    intent: "order",
    subject: { reference: `Patient/${CASE_PATIENT}` },
    ...withBooleans(order),
  }));
}

/** The records of a source as an EHR would hold them. */
export function recordsOf(given: PolicyCase, variable: ChartVariable): FhirRecord[] {
  const { resourceType, ownerElement } = sources[variable];
  return given[variable].map((record, index) => ({
    resourceType,
    id: `${variable}-${index + 1}`,
    [ownerElement]: { reference: `Patient/${CASE_PATIENT}` },
    ...withBooleans(record),
  }));
}

export function ordersOfCase(given: PolicyCase): Order[] {
  return draftsOf(given).map((draft) => ({ asSent: draft, resolved: draft }));
}

export function chartOfCase(given: PolicyCase): Chart {
  const source = (variable: ChartVariable): Source =>
    given.unread.includes(variable)
      ? { state: "not-received" }
      : { state: "read", records: recordsOf(given, variable), shortfalls: [], unreadable: 0, otherPatient: 0 };
  return Object.fromEntries(chartVariables.map((variable) => [variable, source(variable)])) as Chart;
}

/** The order-sign call of a case, with its chart as prefetch. */
export function callOfCase(given: PolicyCase) {
  const bundle = (resources: FhirRecord[]) => ({
    resourceType: "Bundle",
    type: "searchset",
    entry: resources.map((resource) => ({ resource })),
  });
  const read = chartVariables.filter((variable) => !given.unread.includes(variable));
  return {
    hook: "order-sign",
    hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    context: { userId: "Practitioner/1", patientId: CASE_PATIENT, draftOrders: bundle(draftsOf(given)) },
    prefetch: Object.fromEntries(read.map((variable) => [variable, bundle(recordsOf(given, variable))])),
  };
}

/** In YAML's failsafe schema every scalar is text; FHIR wants booleans here. */
function withBooleans(record: Record<string, unknown>): Record<string, unknown> {
  return "doNotPerform" in record ? { ...record, doNotPerform: record.doNotPerform === "true" } : record;
}
