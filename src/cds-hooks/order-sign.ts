// An order-sign request, step by step: a well-formed call, the orders that policies apply to, the chart, decisions, cards. Unknown is never
// "no": what could not be read goes into the decision.

import type { CallError } from "../http/errors.ts";
import { type Decision, decide } from "../policy/decision/decide.ts";
import { type Card, type CardSettings, cardFor } from "./card.ts";
import { type OrderSignCase, type OrderSignReader, type ReadSettings, readOrderSign } from "./read-order-sign.ts";
import { refusalOf, refuseTooMuchText } from "./refusals.ts";
import type { ClientForm } from "./suggestion.ts";

export type OrderSignSettings = CardSettings & ReadSettings;

/** Outcome of a request: the cards, and what the log says of it. */
export type OrderSignResult = Pick<OrderSignCase, "hookInstance" | "ignored" | "reads"> & {
  readonly cards: Card[];
  /** 412, where nothing clinical could be read. */
  readonly refusal: CallError | undefined;
  /** The decision of each policy that applies, with its card. */
  readonly decided: readonly { readonly decision: Decision; readonly card: Card | undefined }[];
  /** Milliseconds for reading the call and the chart, and for the decision. */
  readonly steps: { readonly read: number; readonly decide: number };
};

/** The client that calls: how it takes suggestions, and the way to its FHIR servers. */
export type OrderSignClient = { readonly client: ClientForm } & OrderSignReader;

/** @throws CallError 400 for a call that is not well-formed, 413 for one that holds too much */
export async function answerOrderSign(
  body: unknown,
  caller: OrderSignClient,
  settings: OrderSignSettings,
): Promise<OrderSignResult> {
  const start = performance.now();
  const { applicable, chart, reading, ...noted } = await readOrderSign(body, caller, settings);
  const read = performance.now();
  const decided = applicable.map((orders) => {
    const decision = refuseTooMuchText(() => decide(orders, chart, reading));
    return { decision, card: cardFor(decision, reading.texts, settings, caller.client) };
  });
  const cards = decided.map(({ card }) => card).filter((card) => card !== undefined);
  const refusal = cards.length === 0 ? refusalOf(decided.map(({ decision }) => decision)) : undefined;
  const steps = { read: round(read - start), decide: round(performance.now() - read) };
  return { ...noted, cards, refusal, decided, steps };
}

const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
