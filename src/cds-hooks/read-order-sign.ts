// Reads an order-sign request: its drafts, the orders of each policy that applies to any, and the chart. For the answer, for the playground
// and for authors of policies.
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

/** The way to the client's FHIR servers, and the headers of the call's trace. */
export type OrderSignReader = { readonly ehr: Ehr; readonly trace?: Trace | undefined };

export type ReadSettings = {
  readonly policies: readonly Policy[];
  /** Milliseconds for the whole call, calls to the EHR included. */
  readonly callDeadline: number;
};

/** What the decisions of a request are made from. */
export type OrderSignCase = {
  readonly hookInstance: string;
  readonly drafts: readonly Order[];
  readonly ignored: Drafts["ignored"];
  /** Of each policy that applies to any of the drafts. */
  readonly applicable: readonly PolicyOrders[];
  /** Not read where no policy applies. */
  readonly chart: Chart;
  readonly reads: readonly ReadNote[];
  readonly reading: Reading;
};

/** Milliseconds after the deadline of the EHR in which what came from it is judged. */
const JUDGING = 500;

/** @throws CallError 400 for a call that is not well-formed, 413 for one that holds too much */
export async function readOrderSign(
  body: unknown,
  reader: OrderSignReader,
  { policies, callDeadline }: ReadSettings,
): Promise<OrderSignCase> {
  const end = performance.now() + callDeadline + JUDGING;
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
  const asked = { patientId, prefetch: call.prefetch ?? {}, access, index, reading };
  // Both at once; the first indexes what came along before it waits, so that the chart is read with it.
  const [resolved, { chart, notes: reads }] = await Promise.all([
    resolveReasons(drafts, applicable, call, access),
    readChart({ ...asked, drafts: orders.map(({ asSent }) => asSent) }, sources),
  ]);
  return { ...noted, applicable: resolved, chart, reads };
}

/** The EHR may be called only with both a server and a token ("FHIR Resource Access"). */
function openEhr(
  { fhirServer, fhirAuthorization }: OrderSignCall,
  { ehr, trace }: OrderSignReader,
  callDeadline: number,
): EhrAccess | undefined {
  if (!fhirServer || !fhirAuthorization) return undefined;
  const deadline = AbortSignal.timeout(callDeadline);
  return ehr.open(fhirServer, fhirAuthorization.access_token, { deadline, headers: trace?.headers });
}
