// The order-sign call, step by step as in the design: well-formed call, orders that a policy speaks about, chart, decision,
// card. Unknown is never "no": what could not be read goes into the decision.
import type { Ehr } from "../chart/ehr.ts";
import { type ReadNote, readChart } from "../chart/read-chart.ts";
import { type Decision, decide, ordersOfPolicy, sourcesRead } from "../policy/decide.ts";
import type { Policy } from "../policy/policy.ts";
import { mightSpeakOf } from "../policy/value-sets.ts";
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

/** What a call came to: the cards, and what the log tells of it. */
export type OrderSignResult = {
  readonly cards: Card[];
  readonly decisions: readonly Decision[];
  readonly ignored: Drafts["ignored"];
  readonly reads: readonly ReadNote[];
};

/** The client that calls: how it takes suggestions, and the way to its FHIR servers. */
export type OrderSignClient = { readonly client: ClientForm; readonly ehr: Ehr };

/** @throws CallError 400 for a call that is not well-formed, 412 where nothing clinical could be read */
export async function answerOrderSign(
  body: unknown,
  { client, ehr }: OrderSignClient,
  settings: OrderSignSettings,
): Promise<OrderSignResult> {
  const deadline = AbortSignal.timeout(settings.callDeadline);
  const call = readOrderSignCall(body);
  const { fhirServer, fhirAuthorization } = call;
  // The EHR may be called only with both ("FHIR Resource Access").
  const access =
    fhirServer && fhirAuthorization ? ehr.open(fhirServer, fhirAuthorization.access_token, deadline) : undefined;
  const mightMatter = (text: string) => settings.policies.some(({ terminology }) => mightSpeakOf(terminology, text));
  const drafts = await readDrafts(call, access, mightMatter);
  const { index, ignored } = drafts;
  const policies = settings.policies.filter((policy) => ordersOfPolicy(policy, drafts.orders).length > 0);
  if (policies.length === 0) return { cards: [], decisions: [], ignored, reads: [] };

  const sources = [...new Set(policies.flatMap(sourcesRead))];
  // Both at once; the first indexes what came along before it waits, so that the chart is read with it.
  const [orders, { chart, notes: reads }] = await Promise.all([
    resolveReasons(drafts, call, access),
    readChart(
      {
        patientId: call.context.patientId,
        prefetch: call.prefetch ?? {},
        access,
        index,
        drafts: drafts.orders.map(({ asSent }) => asSent),
        mightMatter,
      },
      sources,
    ),
  ]);
  const decisions = policies.map((policy) => decide(policy, orders, chart));
  const cards = decisions.map((decision) => cardFor(decision, settings, client)).filter((card) => card !== undefined);
  if (cards.length === 0) throwIfNothingRead(decisions);
  return { cards, decisions, ignored, reads };
}

function throwIfNothingRead(decisions: readonly Decision[]): void {
  const unread = decisions.find(({ row }) => row === "nothing-read");
  if (!unread) return;
  const keys = sourcesRead(unread.policy).filter((source) => source !== "coverage");
  const resting = unread.gaps.some(({ kind }) => kind === "resting");
  throw new CallError(
    412,
    "incomplete",
    `Neither medication history nor allergies could be read.${resting ? " The FHIR server failed repeatedly, and is asked again shortly." : ""} Send prefetch ${keys.join(", ")} as discovery asks for them, or fhirServer and fhirAuthorization for a server that this service may call.`,
    { expression: keys.map((key) => `prefetch.${key}`) },
  );
}
