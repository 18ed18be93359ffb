// Requests that a policy applies to and that get no decision: nothing clinical could be read, or the orders hold too much.

import { CallError } from "../http/errors.ts";
import type { Decision } from "../policy/decision/decide.ts";
import { sourcesRead } from "../policy/format/policy.ts";
import { TextBudgetSpent } from "../policy/terminology/texts.ts";

/** 412, where nothing clinical could be read (CDS Hooks, "Prefetch Template"). */
export function refusalOf(decisions: readonly Decision[]): CallError | undefined {
  const unread = decisions.find(({ row }) => row === "nothing-read");
  if (!unread) return undefined;
  const keys = sourcesRead(unread.policy).filter((source) => source !== "coverage");
  const circuitOpen = unread.gaps.some(({ kind }) => kind === "circuit-open");
  return new CallError(
    412,
    "incomplete",
    `Nothing could be read of what the policy asks about the patient.${circuitOpen ? " The FHIR server failed repeatedly, and is asked again shortly." : ""} Send prefetch ${keys.join(", ")} as discovery asks for them, or fhirServer and fhirAuthorization for a server that this service may call.`,
    { expression: keys.map((key) => `prefetch.${key}`) },
  );
}

/** What the orders say is read whole, or not at all. @throws CallError 413 */
export function refuseTooMuchText<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TextBudgetSpent)) throw error;
    const message = "The draft orders hold more text than is read: send only the orders that are being signed";
    throw new CallError(413, "too-costly", message, { expression: ["context.draftOrders"] });
  }
}
