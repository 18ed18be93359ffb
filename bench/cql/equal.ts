// Whether CQL and we answer alike: on the benchmark's patients, on others with records that matter, and on the policy's own cases, told by
// codes alone. Times of engines that answer differently would compare nothing.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readOrderSign } from "../../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../../src/chart/ehr.ts";
import { chartOfCase, loadCases, ordersOfCase, type PolicyCase } from "../../src/playground/cases.ts";
import type { Chart } from "../../src/policy/chart.ts";
import { decide, expressionsOf, ordersOfPolicy } from "../../src/policy/decide.ts";
import { poolRecords } from "../../src/policy/evidence.ts";
import type { FhirRecord } from "../../src/policy/fhir-json.ts";
import { oncePer } from "../../src/policy/once.ts";
import type { Order } from "../../src/policy/order.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { type Bundle, bodies } from "./bodies.ts";
import { type Facts, factsOf, type Peer } from "./peer.ts";

/** What decide takes. */
export type Case = { readonly orders: readonly Order[]; readonly chart: Chart };

const ehr = connectEhr({ fhirServers: [], privateNetwork: false });

/** Reads a call as the service does. */
const settingsFor = oncePer((policy: Policy) => ({ policies: [policy], callDeadline: 60_000 }));

export function readCase(policy: Policy, call: unknown): Promise<Case> {
  return readOrderSign(call, { ehr }, settingsFor(policy));
}

/** All records of a call, drafts and chart, as they were received. */
export function recordsOfCall(call: Record<string, unknown>): FhirRecord[] {
  const { context, prefetch } = call as { context: { draftOrders: Bundle }; prefetch: Record<string, Bundle> };
  const bundles = [context.draftOrders, ...Object.values(prefetch)];
  return bundles.flatMap(({ entry }) => entry.map(({ resource }) => resource as FhirRecord));
}

/** The records that our selection leaves for the expressions of the policy. */
export function selectedRecords(policy: Policy, { orders, chart }: Case): FhirRecord[] {
  const drafts = ordersOfPolicy(policy, orders).map(({ resolved }) => resolved);
  const { pools } = poolRecords(policy.terminology, expressionsOf(policy), chart, drafts);
  return [...pools.byVariable.values()]
    .flatMap(({ all, candidates }) => (candidates ? [...candidates.keys()] : all))
    .map(asFhir);
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
    const ours = factsOf(decide(policy, read.orders, read.chart));
    await compare(name, ours, recordsOfCall(call));
    await compare(`${name}, behind the selection`, ours, selectedRecords(policy, read));
  }
  for (const given of loadCases(join("cards", policy.id)).filter(isOfCodes).map(byCodesAlone)) {
    const orders = ordersOfCase(given);
    const chart = withoutUnreadable(chartOfCase(given));
    if (ordersOfPolicy(policy, orders).length === 0) continue;
    const records = Object.values(chart).flatMap((source) => (source.state === "read" ? source.records : []));
    const ours = factsOf(decide(policy, orders, chart));
    await compare(given.name, ours, [...orders.map(({ asSent }) => asSent), ...records]);
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
