// Whether CQL and we answer alike: on the benchmark's patients, and on the policy's own cases, told by codes alone. Times of engines that
// answer differently would compare nothing.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readCase } from "../../src/authoring/run-cases.ts";
import { loadCases, type PolicyCase } from "../../src/cases/cases.ts";
import { readOrderSign } from "../../src/cds-hooks/read-order-sign.ts";
import { connectEhr } from "../../src/chart/ehr.ts";
import type { Chart } from "../../src/policy/decision/chart.ts";
import { type Decision, decide } from "../../src/policy/decision/decide.ts";
import type { FhirRecord } from "../../src/policy/fhir-json.ts";
import type { Policy } from "../../src/policy/format/policy.ts";
import { memoizeByObject } from "../../src/policy/memoize.ts";
import { callOf, DRUG, SIZES } from "../patients.ts";
import { factsOf, type Peer } from "./peer.ts";

export type Call = Record<string, unknown>;
type Bundle = { readonly entry: { readonly resource: FhirRecord }[] };

const ehr = connectEhr({ fhirServers: [], privateNetwork: false });
const settingsFor = memoizeByObject((policy: Policy) => ({ policies: [policy], callDeadline: 60_000 }));

/** Decides as the service does. @returns the records, too, that our screen left for it */
export async function decideCall(policy: Policy, call: unknown) {
  const { applicable, chart, reading } = await readOrderSign(call, { ehr }, settingsFor(policy));
  const [orders] = applicable;
  if (!orders) throw new Error("the policy applies to no order of the call");
  const screened = () => [...orders.orders.map(({ resolved }) => resolved), ...recordsIn(chart)].map(asFhir);
  return { decision: decide(orders, chart, reading), screened };
}

function recordsIn(chart: Chart): FhirRecord[] {
  return Object.values(chart).flatMap((source) => (source.state === "read" ? source.records : []));
}

/** The chart reader makes a list of the information source, of which FHIR has one. */
function asFhir(record: FhirRecord): FhirRecord {
  const { informationSource: source } = record;
  return Array.isArray(source) ? { ...record, informationSource: source[0] } : record;
}

/** All records of a call, drafts and chart, as they were received. */
export function recordsOfCall(call: Call): FhirRecord[] {
  const { context, prefetch } = call as { context: { draftOrders: Bundle }; prefetch: Record<string, Bundle> };
  return [context.draftOrders, ...Object.values(prefetch)].flatMap(({ entry }) =>
    entry.map(({ resource }) => resource),
  );
}

const ofEverySize = (): [string, Call][] => SIZES.map((size) => [size, callOf(size, DRUG)]);

/** Where the engines differ, in words: empty if they agree everywhere. */
export async function findDifferences(policy: Policy, peer: Peer, calls = ofEverySize()): Promise<string[]> {
  const differences: string[] = [];
  const compare = async (name: string, decision: Decision, records: readonly FhirRecord[]) => {
    const [ours, theirs] = [factsOf(decision), await peer.evaluate(records)];
    if (!isDeepStrictEqual(ours, theirs))
      differences.push(`${name}: we ${JSON.stringify(ours)}, CQL ${JSON.stringify(theirs)}`);
  };
  for (const [name, call] of calls) {
    const { decision, screened } = await decideCall(policy, structuredClone(call));
    await compare(name, decision, recordsOfCall(call));
    await compare(`${name}, behind the screen`, decision, screened());
  }
  for (const given of loadCases(join("cards", policy.id)).filter(isOfCodes).map(byCodesAlone)) {
    const read = readCase(policy, given);
    if (!read) continue;
    const { applicable, chart, reading } = read;
    const drafts = applicable.orders.map(({ asSent }) => asSent);
    await compare(given.name, decide(applicable, chart, reading), [...drafts, ...recordsIn(chart)]);
  }
  return differences;
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
