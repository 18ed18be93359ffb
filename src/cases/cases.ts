// Reads a policy's cases.yaml and turns each case into a client's request or the decision's input. Tests run the cases;
// the playground shows some of them.
import { join } from "node:path";
import { readPage } from "../chart/bundle.ts";
import { toSource } from "../chart/read-chart.ts";
import { resolveRecord } from "../chart/record.ts";
import { createIndex } from "../chart/references.ts";
import { sources } from "../chart/sources.ts";
import {
  type Chart,
  type ChartVariable,
  chartVariables,
  type Shortfall,
  type Source,
} from "../policy/decision/chart.ts";
import type { Order } from "../policy/decision/order.ts";
import type { FhirRecord } from "../policy/fhir-json.ts";
import { type CaseFile, caseFileSchema, type PolicyCase } from "../policy/format/case-file.ts";
import { PolicyFaults, takeNotes } from "../policy/load/findings.ts";
import { readAs } from "../policy/load/read-as.ts";
import { readSource } from "../policy/load/source-file.ts";
import type { Reading } from "../policy/terminology/reading.ts";

export type { CaseFile, PolicyCase };

export const CASE_PATIENT = "case-patient";

/** @throws PolicyFaults if cases.yaml is missing or invalid */
export function readCases(folder: string): CaseFile {
  const notes = takeNotes();
  const source = readSource(join(folder, "cases.yaml"), notes);
  const read = source && readAs(source, caseFileSchema);
  if (!read) throw new PolicyFaults(notes.faults);
  return read;
}

/** @throws PolicyFaults */
export function loadCases(folder: string): PolicyCase[] {
  return readCases(folder).cases;
}

/** Each substance name in the file, with its value set and its grade: is, mentions, or neither. */
export function loadNames(folder: string): [set: string, grade: string, name: string][] {
  return Object.entries(readCases(folder).names).flatMap(([set, grades]) =>
    Object.entries(grades).flatMap(([grade, names]) =>
      names.map((name): [string, string, string] => [set, grade, name]),
    ),
  );
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

/** As the service reads them, with contained resources and displays resolved. */
export function ordersOfCase(given: PolicyCase): Order[] {
  return draftsOf(given).map((draft) => ({ asSent: draft, resolved: resolve(draft) }));
}

/** As the service reads it, through the same screen and with the same counts of unreadable records. */
export function chartOfCase(given: PolicyCase, reading: Reading): Chart {
  const request = {
    patientId: CASE_PATIENT,
    index: createIndex(undefined),
    drafts: draftsOf(given),
    reading,
  };
  const source = (variable: ChartVariable): Source => {
    if (given.unread.includes(variable)) return { state: "not-received" };
    const pages = [readPage(searchResultOf(given, variable))].filter((page) => page !== undefined);
    const shortfalls: Shortfall[] = given.inPart.includes(variable) ? ["pages-missing"] : [];
    return toSource(request, variable, { state: "read", from: "prefetch", pages, shortfalls });
  };
  return Object.fromEntries(chartVariables.map((variable) => [variable, source(variable)])) as Chart;
}

const resolve = (record: FhirRecord) => resolveRecord(createIndex(undefined), record);

/** The order-sign request of a case, with its chart as prefetch. */
export function callOfCase(given: PolicyCase) {
  const read = chartVariables.filter((variable) => !given.unread.includes(variable));
  return {
    hook: "order-sign",
    hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    context: { userId: "Practitioner/1", patientId: CASE_PATIENT, draftOrders: bundleOf(draftsOf(given)) },
    prefetch: Object.fromEntries(read.map((variable) => [variable, searchResultOf(given, variable)])),
  };
}

function searchResultOf(given: PolicyCase, variable: ChartVariable) {
  const records = recordsOf(given, variable);
  // A partial result has a higher total and no link to the rest.
  return { ...bundleOf(records), ...(given.inPart.includes(variable) && { total: records.length + 1 }) };
}

function bundleOf(resources: readonly FhirRecord[]) {
  return { resourceType: "Bundle", type: "searchset", entry: resources.map((resource) => ({ resource })) };
}

/** In YAML's failsafe schema every scalar is text, but FHIR requires booleans here: doNotPerform, allowedBoolean. */
function withBooleans(record: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(record), (element, value: unknown) =>
    /^doNotPerform$|Boolean$/.test(element) && typeof value === "string" ? value === "true" : value,
  );
}
