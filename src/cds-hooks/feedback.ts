// Feedback on cards (CDS Hooks "Feedback"): checked by the specification's invariants cds-fb-1 to 3, and tolerant of Epic, which
// writes `overrideReasons` and may give only its site's own reason in an `extension`.
import { z } from "zod";
import { readBody } from "./request.ts";

/** One outcome of one card, as far as the service keeps it. */
export type Feedback = {
  readonly card: string;
  readonly outcome: "accepted" | "overridden";
  readonly acceptedSuggestions: readonly string[];
  readonly reason:
    | { readonly system: string | undefined; readonly code: string; readonly display: string | undefined }
    | undefined;
  /** Written by a person, and may hold patient data: never logged. */
  readonly comment: string | undefined;
  /** The site's own reason, as Epic sends it. */
  readonly extension: Readonly<Record<string, unknown>> | undefined;
  /** ISO 8601. */
  readonly outcomeTimestamp: string;
};

/** Keeps feedback. Resolves only when it is kept. */
export type RecordFeedback = (feedback: readonly Feedback[]) => Promise<void>;

const reasonCoding = z.object({
  code: z.string().min(1),
  system: z.string().optional(),
  display: z.string().optional(),
});

const overrideReason = z
  .object({
    reason: reasonCoding.optional(),
    userComment: z.string().optional(),
    extension: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(
    ({ reason, userComment, extension }) => reason ?? userComment ?? extension,
    "needs reason, userComment or extension",
  );

const one = z
  .object({
    card: z.string().min(1, "must be the uuid of a card"),
    outcome: z.enum(["accepted", "overridden"], 'must be "accepted" or "overridden"'),
    acceptedSuggestions: z.array(z.object({ id: z.string().min(1) })).optional(),
    overrideReason: overrideReason.optional(),
    overrideReasons: z.union([overrideReason, z.array(overrideReason)]).optional(),
    outcomeTimestamp: z.iso.datetime({ offset: true, error: "must be an ISO 8601 date and time with time zone" }),
  })
  .refine(({ outcome, acceptedSuggestions }) => outcome !== "accepted" || acceptedSuggestions?.length, {
    path: ["acceptedSuggestions"],
    error: "is required when the outcome is accepted",
  });

const feedbackCall = z.object({ feedback: z.array(one).min(1, "must hold at least one outcome") });

/** @throws CallError 400 that names every field at fault */
export function readFeedback(body: unknown): Feedback[] {
  return readBody(feedbackCall, body, "CDS Hooks feedback").feedback.map((given) => {
    const [override] = [given.overrideReason ?? given.overrideReasons ?? []].flat();
    const { reason } = override ?? {};
    return {
      card: given.card,
      outcome: given.outcome,
      acceptedSuggestions: given.acceptedSuggestions?.map(({ id }) => id) ?? [],
      reason: reason && { system: reason.system, code: reason.code, display: reason.display },
      comment: override?.userComment,
      extension: override?.extension,
      outcomeTimestamp: given.outcomeTimestamp,
    };
  });
}
