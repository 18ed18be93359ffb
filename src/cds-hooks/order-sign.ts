// The steps of an order-sign request: read it and the chart, decide, write the cards. Unknown is never "no": what could
// not be read is part of the decision.

import type { CallError } from "../http/errors.ts";
import { type Decision, decide } from "../policy/decision/decide.ts";
import { type Card, type CardSettings, cardFor } from "./card.ts";
import { type OrderSignCase, type OrderSignReader, type ReadSettings, readOrderSign } from "./read-order-sign.ts";
import { refusalOf, refuseTooMuchText } from "./refusals.ts";
import type { ClientForm } from "./suggestion.ts";

export type OrderSignSettings = CardSettings & ReadSettings;

/** Outcome of a request: the cards, and what is logged. */
export type OrderSignResult = Pick<OrderSignCase, "hookInstance" | "ignored" | "reads"> & {
  readonly cards: Card[];
  /** 412 if no clinical data could be read. */
  readonly refusal: CallError | undefined;
  /** The decision of each policy that applies, with its card. */
  readonly decisions: readonly { readonly decision: Decision; readonly card: Card | undefined }[];
  /** Milliseconds to read the request and the chart, and to decide. */
  readonly steps: { readonly read: number; readonly decide: number };
};

/** The calling client: which suggestions it supports, and access to its FHIR servers. */
export type OrderSignClient = { readonly client: ClientForm } & OrderSignReader;

/** @throws CallError 400 for a malformed request, 413 for one that is too large */
export async function answerOrderSign(
  body: unknown,
  caller: OrderSignClient,
  settings: OrderSignSettings,
): Promise<OrderSignResult> {
  const start = performance.now();
  const { applicable, chart, reading, ...noted } = await readOrderSign(body, caller, settings);
  const read = performance.now();
  const decisions = applicable.map((orders) => {
    const decision = refuseTooMuchText(() => decide(orders, chart, reading));
    return { decision, card: cardFor(decision, reading.texts, settings, caller.client) };
  });
  const cards = decisions.map(({ card }) => card).filter((card) => card !== undefined);
  const refusal = cards.length === 0 ? refusalOf(decisions.map(({ decision }) => decision)) : undefined;
  const steps = { read: round(read - start), decide: round(performance.now() - read) };
  return { ...noted, cards, refusal, decisions, steps };
}

const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
