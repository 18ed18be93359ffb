// Feedback on cards (CDS Hooks "Feedback"): checked by the specification's invariants cds-fb-1 to 3, and tolerant of Epic, which
// writes `overrideReasons` and may give only its site's own reason in an `extension`.
import { z } from "zod";
import { plain } from "../policy/fhirpath/template.ts";
import type { Policy } from "../policy/format/policy.ts";
import { listOf, readBody } from "./request.ts";

/** One outcome of one card, as far as the service keeps it. */
export type Feedback = {
  readonly card: string;
  readonly outcome: "accepted" | "overridden";
  readonly acceptedSuggestions: readonly string[];
  readonly reason: Reason | undefined;
  /** Written by a person, and may hold patient data: never logged. */
  readonly comment: string | undefined;
  /** The site's own reason, as Epic sends it in an extension. */
  readonly siteReason: string | undefined;
  /** ISO 8601. */
  readonly outcomeTimestamp: string;
};

/** Why a card was overridden. */
export type Reason = {
  readonly system: string | undefined;
  readonly code: string;
  /** Whether a policy offers it on its cards; anything else may be any text, of a patient too. */
  readonly isOffered: boolean;
};

const LONGEST_ID = 256; // characters of an id, a code or a reason
const LONGEST_COMMENT = 4_000;
const MOST_IN_A_BATCH = 1_000;
const MOST_OF_ONE_CARD = 50;

/** Text that every database can keep: PostgreSQL takes no NUL. */
const text = (longest: number) =>
  z
    .string()
    .max(longest, `must not be longer than ${longest} characters`)
    .transform((given) => given.replaceAll("\0", "\ufffd"));
const id = (what: string) => text(LONGEST_ID).refine((given) => given !== "", what);

const reasonCoding = z.object({
  code: id("must not be empty"),
  system: text(LONGEST_ID).optional(),
});

const overrideReason = z
  .object({
    reason: reasonCoding.optional(),
    userComment: text(LONGEST_COMMENT).optional(),
    extension: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(
    ({ reason, userComment, extension }) => reason ?? userComment ?? extension,
    "needs reason, userComment or extension",
  );

const one = z
  .object({
    card: id("must be the uuid of a card"),
    outcome: z.enum(["accepted", "overridden"], 'must be "accepted" or "overridden"'),
    acceptedSuggestions: listOf(z.object({ id: id("must be the uuid of a suggestion") }), MOST_OF_ONE_CARD).optional(),
    overrideReason: overrideReason.optional(),
    overrideReasons: z.union([overrideReason, listOf(overrideReason, MOST_OF_ONE_CARD)]).optional(),
    outcomeTimestamp: z.iso.datetime({ offset: true, error: "must be an ISO 8601 date and time with time zone" }),
  })
  .refine(({ outcome, acceptedSuggestions }) => outcome !== "accepted" || acceptedSuggestions?.length, {
    path: ["acceptedSuggestions"],
    error: "is required when the outcome is accepted",
  });

const feedbackCall = z.object({
  feedback: listOf(one, MOST_IN_A_BATCH).refine(({ length }) => length > 0, "must hold at least one outcome"),
});

/** The display of the site's reason, among the strings of Epic's extension. */
function siteReasonIn(extension: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const key = Object.keys(extension ?? {}).find((name) => /overrideReason\.reasonDisplay$/i.test(name));
  const found = key === undefined ? undefined : extension?.[key];
  return typeof found === "string" && found.trim() ? plain(found) : undefined;
}

/** Clients leave out the system, or send it. */
function findReason({ system, code }: z.infer<typeof reasonCoding>, offered: Policy["overrideReasons"]): Reason {
  const found = offered.find((each) => each.code === code && (system ?? each.system) === each.system);
  return { system: found?.system ?? system, code, isOffered: found !== undefined };
}

/** @throws CallError 400 that names every field at fault */
export function readFeedback(body: unknown, policies: readonly Pick<Policy, "overrideReasons">[]): Feedback[] {
  const offered = policies.flatMap(({ overrideReasons }) => overrideReasons);
  return readBody(feedbackCall, body, "CDS Hooks feedback").feedback.map((given) => {
    const [override] = [given.overrideReason ?? given.overrideReasons ?? []].flat();
    const { reason } = override ?? {};
    return {
      card: given.card,
      outcome: given.outcome,
      acceptedSuggestions: given.acceptedSuggestions?.map(({ id }) => id) ?? [],
      reason: reason && findReason(reason, offered),
      comment: override?.userComment,
      siteReason: siteReasonIn(override?.extension),
      outcomeTimestamp: given.outcomeTimestamp,
    };
  });
}
