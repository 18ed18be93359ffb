// The order-sign call, step by step as in the design: well-formed call, orders that a policy speaks about, chart, decision,
// card. Unknown is never "no": what could not be read goes into the decision.
import type { Ehr } from "../chart/ehr.ts";
import { type ReadNote, readChart } from "../chart/read-chart.ts";
import { type Chart, UNREAD_CHART } from "../policy/chart.ts";
import { type Decision, decide } from "../policy/decide.ts";
import { type Order, ordersByPolicy, type PolicyOrders } from "../policy/order.ts";
import { type Policy, sourcesRead } from "../policy/policy.ts";
import { type Reading, startReading } from "../policy/reading.ts";
import { TextBudgetSpent } from "../policy/texts.ts";
import type { Trace } from "../trace.ts";
import { type Card, type CardSettings, cardFor } from "./card.ts";
import { type Drafts, readDrafts, resolveReasons } from "./drafts.ts";
import { CallError } from "./errors.ts";
import { readOrderSignCall } from "./request.ts";
import type { ClientForm } from "./suggestion.ts";

export type OrderSignSettings = CardSettings & {
  readonly policies: readonly Policy[];
  /** Milliseconds for the whole call, calls to the EHR included. */
  readonly callDeadline: number;
};

/** What a call came to: the cards, and what the logs tell of it. */
export type OrderSignResult = {
  readonly cards: Card[];
  /** 412, where nothing clinical could be read. */
  readonly refusal: CallError | undefined;
  readonly hookInstance: string;
  /** The decision of each policy that speaks about the call, with the card that it gave. */
  readonly decided: readonly { readonly decision: Decision; readonly card: Card | undefined }[];
  readonly ignored: Drafts["ignored"];
  readonly reads: readonly ReadNote[];
  /** Milliseconds for reading the call and the chart, and for the decision. */
  readonly steps: { readonly read: number; readonly decide: number };
};

/** The client that calls: how it takes suggestions, and the way to its FHIR servers. */
export type OrderSignClient = { readonly client: ClientForm } & OrderSignReader;

/** The way to the client's FHIR servers, and the headers of the call's trace. */
export type OrderSignReader = { readonly ehr: Ehr; readonly trace?: Trace | undefined };

/** @throws CallError 400 for a call that is not well-formed, 413 for one that holds too much */
export async function answerOrderSign(
  body: unknown,
  caller: OrderSignClient,
  settings: OrderSignSettings,
): Promise<OrderSignResult> {
  const start = performance.now();
  const { concerned, chart, reading, hookInstance, ignored, reads } = await readOrderSign(body, caller, settings);
  const read = performance.now();
  const decided = concerned.map((orders) => {
    const decision = refuseTooMuchText(() => decide(orders, chart, reading));
    return { decision, card: cardFor(decision, reading.texts, settings, caller.client) };
  });
  const cards = decided.map(({ card }) => card).filter((card) => card !== undefined);
  const refusal = cards.length === 0 ? refusalOf(decided.map(({ decision }) => decision)) : undefined;
  const steps = { read: round(read - start), decide: round(performance.now() - read) };
  return { cards, refusal, hookInstance, decided, ignored, reads, steps };
}

const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;

/** Milliseconds after the deadline of the EHR in which what came from it is judged. */
const JUDGING = 500;

/** What the decisions of a call are made from: the orders of each policy that applies to any, and the patient's chart. */
export type OrderSignCase = Pick<OrderSignResult, "hookInstance" | "ignored" | "reads"> & {
  readonly drafts: readonly Order[];
  readonly concerned: readonly PolicyOrders[];
  /** Not read where no policy applies. */
  readonly chart: Chart;
  readonly reading: Reading;
};

/** @throws CallError 400 for a call that is not well-formed, 413 for one that holds too much */
export async function readOrderSign(
  body: unknown,
  { ehr, trace }: OrderSignReader,
  { policies, callDeadline }: Pick<OrderSignSettings, "policies" | "callDeadline">,
): Promise<OrderSignCase> {
  const end = performance.now() + callDeadline + JUDGING;
  const call = readOrderSignCall(body);
  const { fhirServer, fhirAuthorization, hookInstance } = call;
  // The EHR may be called only with both ("FHIR Resource Access").
  const access =
    fhirServer && fhirAuthorization
      ? ehr.open(fhirServer, fhirAuthorization.access_token, {
          deadline: AbortSignal.timeout(callDeadline),
          headers: trace?.headers,
        })
      : undefined;
  const reading = startReading(policies, () => performance.now() > end);
  const drafts = await readDrafts(call, access, reading);
  const { ignored, orders } = drafts;
  const concerned = refuseTooMuchText(() => ordersByPolicy(policies, orders, reading));
  if (concerned.length === 0) {
    return { drafts: orders, concerned, chart: UNREAD_CHART, reading, hookInstance, ignored, reads: [] };
  }

  const sources = [...new Set(concerned.flatMap(({ policy }) => sourcesRead(policy)))];
  // Both at once; the first indexes what came along before it waits, so that the chart is read with it.
  const [resolved, { chart, notes: reads }] = await Promise.all([
    resolveReasons(drafts, concerned, call, access),
    readChart(
      {
        patientId: call.context.patientId,
        prefetch: call.prefetch ?? {},
        access,
        index: drafts.index,
        drafts: orders.map(({ asSent }) => asSent),
        reading,
      },
      sources,
    ),
  ]);
  return { drafts: orders, concerned: resolved, chart, reading, hookInstance, ignored, reads };
}

/** What the orders say is read whole, or not at all. @throws CallError 413 */
function refuseTooMuchText<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TextBudgetSpent)) throw error;
    const message = "The draft orders hold more text than is read: send only the orders that are being signed";
    throw new CallError(413, "too-costly", message, { expression: ["context.draftOrders"] });
  }
}

function refusalOf(decisions: readonly Decision[]): CallError | undefined {
  const unread = decisions.find(({ row }) => row === "nothing-read");
  if (!unread) return undefined;
  const keys = sourcesRead(unread.policy).filter((source) => source !== "coverage");
  const resting = unread.gaps.some(({ kind }) => kind === "resting");
  return new CallError(
    412,
    "incomplete",
    `Nothing could be read of what the policy asks about the patient.${resting ? " The FHIR server failed repeatedly, and is asked again shortly." : ""} Send prefetch ${keys.join(", ")} as discovery asks for them, or fhirServer and fhirAuthorization for a server that this service may call.`,
    { expression: keys.map((key) => `prefetch.${key}`) },
  );
}
