// Reads an order-sign request: its drafts, the policies that apply with their orders, and the chart. Used by the
// service, the playground, and the policy CLI.
import type { Ehr, EhrAccess } from "../chart/ehr.ts";
import { type ReadNote, readChart } from "../chart/read-chart.ts";
import type { Trace } from "../http/trace.ts";
import { type Chart, UNREAD_CHART } from "../policy/decision/chart.ts";
import { type Order, ordersByPolicy, type PolicyOrders } from "../policy/decision/order.ts";
import { type Policy, sourcesRead } from "../policy/format/policy.ts";
import { type Reading, startReading } from "../policy/terminology/reading.ts";
import { type Drafts, readDrafts, resolveReasons } from "./drafts.ts";
import { refuseTooMuchText } from "./refusals.ts";
import { type OrderSignCall, readOrderSignCall } from "./request.ts";

/** Access to the client's FHIR servers, and the request's trace. */
export type OrderSignReader = { readonly ehr: Ehr; readonly trace?: Trace | undefined };

export type ReadSettings = {
  readonly policies: readonly Policy[];
  /** Milliseconds for the whole request, EHR calls included. */
  readonly callDeadline: number;
};

/** The input to a request's decisions. */
export type OrderSignCase = {
  readonly hookInstance: string;
  readonly drafts: readonly Order[];
  readonly ignored: Drafts["ignored"];
  /** By policy, for each that applies. */
  readonly applicable: readonly PolicyOrders[];
  /** Not read if no policy applies. */
  readonly chart: Chart;
  readonly reads: readonly ReadNote[];
  readonly reading: Reading;
};

/** Milliseconds to decide after the EHR deadline. */
const DECISION_TIME = 500;

/** @throws CallError 400 for a malformed request, 413 for one that is too large */
export async function readOrderSign(
  body: unknown,
  reader: OrderSignReader,
  { policies, callDeadline }: ReadSettings,
): Promise<OrderSignCase> {
  const end = performance.now() + callDeadline + DECISION_TIME;
  const call = readOrderSignCall(body);
  const access = openEhr(call, reader, callDeadline);
  const reading = startReading(policies, () => performance.now() > end);
  const drafts = await readDrafts(call, access, reading);
  const { orders, ignored, index } = drafts;
  const applicable = refuseTooMuchText(() => ordersByPolicy(policies, orders, reading));
  const noted = { drafts: orders, ignored, reading, hookInstance: call.hookInstance };
  if (applicable.length === 0) return { ...noted, applicable, chart: UNREAD_CHART, reads: [] };

  const sources = [...new Set(applicable.flatMap(({ policy }) => sourcesRead(policy)))];
  const { patientId } = call.context;
  const request = { patientId, prefetch: call.prefetch ?? {}, access, index, reading };
  // In parallel. The first indexes prefetch before it waits, so that the chart can use it.
  const [resolved, { chart, notes: reads }] = await Promise.all([
    resolveReasons(drafts, applicable, call, access),
    readChart({ ...request, drafts: orders.map(({ asSent }) => asSent) }, sources),
  ]);
  return { ...noted, applicable: resolved, chart, reads };
}

/** Calling the EHR takes both a server and a token ("FHIR Resource Access"). */
function openEhr(
  { fhirServer, fhirAuthorization }: OrderSignCall,
  { ehr, trace }: OrderSignReader,
  callDeadline: number,
): EhrAccess | undefined {
  if (!fhirServer || !fhirAuthorization) return undefined;
  const deadline = AbortSignal.timeout(callDeadline);
  return ehr.open(fhirServer, fhirAuthorization.access_token, { deadline, headers: trace?.headers });
}
