// The order-sign call, step by step as in the design: well-formed call, orders that a policy speaks about, chart, decision,
// card. Unknown is never "no": what could not be read goes into the decision.
import type { Ehr } from "../chart/ehr.ts";
import { type ReadNote, readChart } from "../chart/read-chart.ts";
import { type Chart, UNREAD_CHART } from "../policy/chart.ts";
import { type Decision, decide, sourcesRead, speaksAbout } from "../policy/decide.ts";
import { drugOf, type Order } from "../policy/order.ts";
import type { Policy } from "../policy/policy.ts";
import { indexPolicies } from "../policy/policy-index.ts";
import { createSight } from "../policy/sight.ts";
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
  const { policies, orders, chart, hookInstance, ignored, reads } = await readOrderSign(body, caller, settings);
  const read = performance.now();
  const decided = policies.map((policy) => {
    const decision = decide(policy, orders, chart);
    return { decision, card: cardFor(decision, settings, caller.client) };
  });
  const cards = decided.map(({ card }) => card).filter((card) => card !== undefined);
  const refusal = cards.length === 0 ? refusalOf(decided.map(({ decision }) => decision)) : undefined;
  const steps = { read: round(read - start), decide: round(performance.now() - read) };
  return { cards, refusal, hookInstance, decided, ignored, reads, steps };
}

const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;

/** What the decisions of a call are made from: the policies that speak about it, its orders and the patient's chart. */
export type OrderSignCase = Pick<OrderSignResult, "hookInstance" | "ignored" | "reads"> & {
  readonly policies: readonly Policy[];
  readonly orders: readonly Order[];
  /** Not read where no policy speaks about the call. */
  readonly chart: Chart;
};

/** @throws CallError 400 for a call that is not well-formed, 413 for one that holds too much */
export async function readOrderSign(
  body: unknown,
  { ehr, trace }: OrderSignReader,
  settings: Pick<OrderSignSettings, "policies" | "callDeadline">,
): Promise<OrderSignCase> {
  const call = readOrderSignCall(body);
  const { fhirServer, fhirAuthorization, hookInstance } = call;
  // The EHR may be called only with both ("FHIR Resource Access").
  const access =
    fhirServer && fhirAuthorization
      ? ehr.open(fhirServer, fhirAuthorization.access_token, {
          deadline: AbortSignal.timeout(settings.callDeadline),
          headers: trace?.headers,
        })
      : undefined;
  const index = indexPolicies(settings.policies);
  const mightMatter = (text: string) => index.mayMean(text);
  const drafts = await readDrafts(call, access, mightMatter);
  const { ignored } = drafts;
  const concerned = new Set(drafts.orders.flatMap(({ resolved }) => index.mayConcern(drugOf(resolved) ?? {})));
  const policies = settings.policies.filter((policy) => concerned.has(policy) && speaksAbout(policy, drafts.orders));
  if (policies.length === 0) {
    return { policies, orders: drafts.orders, chart: UNREAD_CHART, hookInstance, ignored, reads: [] };
  }

  const sources = [...new Set(policies.flatMap(sourcesRead))];
  // Both at once; the first indexes what came along before it waits, so that the chart is read with it.
  const [orders, { chart, notes: reads }] = await Promise.all([
    resolveReasons(drafts, call, access),
    readChart(
      {
        patientId: call.context.patientId,
        prefetch: call.prefetch ?? {},
        access,
        index: drafts.index,
        drafts: drafts.orders.map(({ asSent }) => asSent),
        mightMatter,
        sight: createSight(policies),
      },
      sources,
    ),
  ]);
  return { policies, orders, chart, hookInstance, ignored, reads };
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
