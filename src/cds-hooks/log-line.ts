// What the log line of a request says about cards and feedback: ids and outcomes only, no patient data.
import type { Feedback } from "./feedback.ts";
import { outcomesOf } from "./issued-cards.ts";
import type { OrderSignResult } from "./order-sign.ts";
import { HOOK } from "./request.ts";

/**
 * Log fields of an order-sign request: enough to see why it returned a card or none.
 * @param received milliseconds to authenticate the client and read the body
 */
export function summarizeOrderSign(
  { hookInstance, cards, decisions, ignored, reads, steps }: OrderSignResult,
  received: number,
): Record<string, unknown> {
  return {
    hook: HOOK,
    hookInstance,
    cards: cards.map(({ uuid, suggestions }) => ({ uuid, suggestions: suggestions?.length ?? 0 })),
    decisions: decisions.map(({ decision: { policy, row, payer, criteria, cautions, changes } }) => ({
      policy: policy.id,
      revision: policy.revision,
      row,
      payer,
      criteria: outcomesOf(criteria),
      cautions: cautions.map(({ caution }) => caution.id),
      changes: changes.map((change) => (change.kind === "none" ? change.why : change.kind)),
    })),
    ...(decisions.length === 0 && { why: "no policy applies to the draft orders" }),
    ...(ignored.illFormed > 0 && { illFormedDrafts: ignored.illFormed }),
    ...(ignored.otherPatient > 0 && { draftsOfAnotherPatient: ignored.otherPatient }),
    ...(ignored.withoutDrug > 0 && { draftsWithoutDrug: ignored.withoutDrug }),
    ...(ignored.hasDstu2 && { hint: "drafts are MedicationOrder (DSTU2): switch the client to an R4 server" }),
    ...(reads.length > 0 && {
      reads: Object.fromEntries(reads.map(({ source, from, note }) => [source, `${from}: ${note}`])),
    }),
    steps: { received, ...steps },
  };
}

/** Log fields of feedback. A reason that no policy offers can be free text, so it is logged as "other". */
export function summarizeFeedback(feedback: readonly Feedback[]): Record<string, unknown> {
  return {
    feedback: feedback.map(({ card, outcome, reason }) => ({
      card,
      outcome,
      ...(reason && { reason: reason.isOffered ? reason.code : "other" }),
    })),
  };
}
