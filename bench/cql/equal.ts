// Whether CQL and we answer alike: on the benchmark's patients, on others with records that matter, and on the policy's own cases, told by
// codes alone. Times of engines that answer differently would compare nothing.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readCase as readPatient } from "../../src/authoring/run-cases.ts";
import { loadCases, type PolicyCase } from "../../src/cases/cases.ts";
import { readOrderSign } from "../../src/cds-hooks/read-order-sign.ts";
import { connectEhr } from "../../src/chart/ehr.ts";
import type { Chart } from "../../src/policy/decision/chart.ts";
import { decide } from "../../src/policy/decision/decide.ts";
import type { PolicyOrders } from "../../src/policy/decision/order.ts";
import type { FhirRecord } from "../../src/policy/fhir-json.ts";
import type { Policy } from "../../src/policy/format/policy.ts";
import { memoizeByObject } from "../../src/policy/memoize.ts";
import type { Reading } from "../../src/policy/terminology/reading.ts";
import { type Bundle, bodies } from "./bodies.ts";
import { type Facts, factsOf, type Peer } from "./peer.ts";

/** What decide takes. */
export type Case = { readonly orders: PolicyOrders; readonly chart: Chart; readonly reading: Reading };

const ehr = connectEhr({ fhirServers: [], privateNetwork: false });

/** Reads a call as the service does. */
const settingsFor = memoizeByObject((policy: Policy) => ({ policies: [policy], callDeadline: 60_000 }));

export async function readCase(policy: Policy, call: unknown): Promise<Case> {
  const { applicable, chart, reading } = await readOrderSign(call, { ehr }, settingsFor(policy));
  const [orders] = applicable;
  if (!orders) throw new Error("the policy applies to no order of the call");
  return { orders, chart, reading };
}

/** All records of a call, drafts and chart, as they were received. */
export function recordsOfCall(call: Record<string, unknown>): FhirRecord[] {
  const { context, prefetch } = call as { context: { draftOrders: Bundle }; prefetch: Record<string, Bundle> };
  const bundles = [context.draftOrders, ...Object.values(prefetch)];
  return bundles.flatMap(({ entry }) => entry.map(({ resource }) => resource as FhirRecord));
}

/** The records that our screen leaves for the expressions of the policy. */
export function screenedRecords({ orders, chart }: Case): FhirRecord[] {
  const records = Object.values(chart).flatMap((source) => (source.state === "read" ? source.records : []));
  return [...orders.orders.map(({ resolved }) => resolved), ...records].map(asFhir);
}

/** The chart reader makes a list of the information source, of which FHIR has one. */
function asFhir(record: FhirRecord): FhirRecord {
  return Array.isArray(record.informationSource)
    ? { ...record, informationSource: record.informationSource[0] }
    : record;
}

/** Where the engines differ, in words: empty if they agree everywhere. */
export async function findDifferences(policy: Policy, peer: Peer, calls = bodies()): Promise<string[]> {
  const differences: string[] = [];
  const compare = async (name: string, ours: Facts, records: readonly FhirRecord[]) => {
    const theirs = await peer.evaluate(records);
    if (!isDeepStrictEqual(ours, theirs))
      differences.push(`${name}: we ${JSON.stringify(ours)}, CQL ${JSON.stringify(theirs)}`);
  };
  for (const [name, call] of calls) {
    const read = await readCase(policy, structuredClone(call));
    const ours = factsOf(decide(read.orders, read.chart, read.reading));
    await compare(name, ours, recordsOfCall(call));
    await compare(`${name}, behind the screen`, ours, screenedRecords(read));
  }
  for (const given of loadCases(join("cards", policy.id)).filter(isOfCodes).map(byCodesAlone)) {
    const read = readPatient(policy, given);
    if (!read) continue;
    const chart = withoutUnreadable(read.chart);
    const records = Object.values(chart).flatMap((source) => (source.state === "read" ? source.records : []));
    const ours = factsOf(decide(read.applicable, chart, read.reading));
    await compare(given.name, ours, [...read.applicable.orders.map(({ asSent }) => asSent), ...records]);
  }
  return differences;
}

/** What cannot be read makes a criterion unknown to us; to CQL it is not there. */
function withoutUnreadable(chart: Chart): Chart {
  const entries = Object.entries(chart).map(([name, source]) => [
    name,
    source.state === "read" ? { ...source, unreadable: 0 } : source,
  ]);
  return Object.fromEntries(entries) as Chart;
}

/** To CQL a code has one spelling, which NDCs and systems by OID have not; and what was not received is not there. */
function isOfCodes(given: PolicyCase): boolean {
  return given.unread.length + given.inPart.length === 0 && !/sid\/ndc|urn:oid/.test(JSON.stringify(given));
}

const TEXTS = new Set(["text", "display", "description", "note", "coverage"]);

function byCodesAlone(given: PolicyCase): PolicyCase {
  const codes = JSON.stringify(given, (key, value) => (TEXTS.has(key) ? undefined : value));
  return { ...JSON.parse(codes), coverage: [] };
}
