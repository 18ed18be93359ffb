// Requests that a policy applies to but that get no decision: no clinical data, or too much text in the orders.

import { CallError } from "../http/errors.ts";
import type { Decision } from "../policy/decision/decide.ts";
import { sourcesRead } from "../policy/format/policy.ts";
import { TextBudgetSpent } from "../policy/terminology/texts.ts";

/** 412 if no clinical data could be read (CDS Hooks, "Prefetch Template"). */
export function refusalOf(decisions: readonly Decision[]): CallError | undefined {
  const unread = decisions.find(({ row }) => row === "nothing-read");
  if (!unread) return undefined;
  const keys = sourcesRead(unread.policy).filter((source) => source !== "coverage");
  const circuitOpen = unread.gaps.some(({ kind }) => kind === "circuit-open");
  return new CallError(
    412,
    "incomplete",
    [
      "None of the records that the policy needs could be read.",
      ...(circuitOpen ? ["The FHIR server failed repeatedly and will be retried shortly."] : []),
      `Send prefetch ${keys.join(", ")} as listed in discovery,`,
      "or fhirServer and fhirAuthorization for a server that this service may call.",
    ].join(" "),
    { expression: keys.map((key) => `prefetch.${key}`) },
  );
}

/** The orders' text is read in full or not at all. @throws CallError 413 */
export function refuseTooMuchText<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TextBudgetSpent)) throw error;
    const message = "The draft orders hold too much text: send only the orders being signed";
    throw new CallError(413, "too-costly", message, { expression: ["context.draftOrders"] });
  }
}
