// The order-sign call, step by step as in the design: well-formed call, orders that a policy speaks about, chart, decision,
// card. Unknown is never "no": what could not be read goes into the decision.
import type { Ehr } from "../chart/ehr.ts";
import { type ReadNote, readChart } from "../chart/read-chart.ts";
import { type Decision, decide, sourcesRead, speaksAbout } from "../policy/decide.ts";
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

/** What a call came to: the cards, and what the logs tell of it. */
export type OrderSignResult = {
  readonly cards: Card[];
  readonly hookInstance: string;
  /** The decision of each policy that speaks about the call, with the card that it gave. */
  readonly decided: readonly { readonly decision: Decision; readonly card: Card | undefined }[];
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
  const { fhirServer, fhirAuthorization, hookInstance } = call;
  // The EHR may be called only with both ("FHIR Resource Access").
  const access =
    fhirServer && fhirAuthorization ? ehr.open(fhirServer, fhirAuthorization.access_token, deadline) : undefined;
  const mightMatter = (text: string) => settings.policies.some(({ terminology }) => mightSpeakOf(terminology, text));
  const drafts = await readDrafts(call, access, mightMatter);
  const { index, ignored } = drafts;
  const policies = settings.policies.filter((policy) => speaksAbout(policy, drafts.orders));
  if (policies.length === 0) return { cards: [], hookInstance, decided: [], ignored, reads: [] };
  refuseTooMany(drafts);

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
  const decided = policies.map((policy) => {
    const decision = decide(policy, orders, chart);
    return { decision, card: cardFor(decision, settings, client) };
  });
  const cards = decided.map(({ card }) => card).filter((card) => card !== undefined);
  if (cards.length === 0) throwIfNothingRead(decided.map(({ decision }) => decision));
  return { cards, hookInstance, decided, ignored, reads };
}

const MOST_DRAFTS = 1000;

/** Each order that a policy speaks about costs a tenth of a millisecond and a line on the card. */
function refuseTooMany({ orders }: Drafts): void {
  if (orders.length <= MOST_DRAFTS) return;
  const message = `The call holds ${orders.length} draft orders, and at most ${MOST_DRAFTS} are read`;
  throw new CallError(413, "too-costly", message, { expression: ["context.draftOrders"] });
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
