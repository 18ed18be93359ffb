// The decision log's rows for a request: which cards, why, and for which client. No patient data.
import type { CriterionFinding } from "../policy/decision/decide.ts";
import type { IssuedCard } from "../store/decision-log.ts";
import type { OrderSignResult } from "./order-sign.ts";

/** Outcome by criterion. */
export function outcomesOf(criteria: readonly CriterionFinding[]): Record<string, string> {
  return Object.fromEntries(criteria.map(({ criterion, outcome }) => [criterion.id, outcome]));
}

/** @param latency milliseconds from request to response */
export function issuedCards(
  { decisions, hookInstance }: OrderSignResult,
  client: string,
  latency: number,
): IssuedCard[] {
  const issuedAt = new Date().toISOString();
  return decisions.flatMap(({ decision: { policy, row, criteria }, card }) =>
    card
      ? {
          ...{ card: card.uuid, issuedAt, client, hookInstance, latency, row, indicator: card.indicator },
          policy: policy.id,
          revision: policy.revision,
          criteria: outcomesOf(criteria),
          evidence: Object.fromEntries(
            criteria.map(({ criterion, evidence }) => [
              criterion.id,
              [...new Set(evidence.map(({ record }) => record.resourceType))],
            ]),
          ),
          suggestions: (card.suggestions ?? []).map(({ uuid }) => uuid),
        }
      : [],
  );
}
