// Feedback on cards (CDS Hooks, "Feedback"). Checks the specification's invariants cds-fb-1 to 3. Accepts Epic's
// format: `overrideReasons`, and possibly only the site's own reason in an `extension`.
import { z } from "zod";
import { CallError } from "../http/errors.ts";
import { plain } from "../policy/fhirpath/template.ts";
import type { Policy } from "../policy/format/policy.ts";
import { listOf, readBody } from "./request.ts";
import { MAX_SUGGESTIONS } from "./suggestion.ts";

/** One outcome of one card, as stored. */
export type Feedback = {
  readonly card: string;
  readonly outcome: "accepted" | "overridden";
  readonly acceptedSuggestions: readonly string[];
  readonly reason: Reason | undefined;
  /** Free text that may hold patient data: never logged. */
  readonly comment: string | undefined;
  /** The site's own reason, from Epic's extension. */
  readonly siteReason: string | undefined;
  /** ISO 8601. */
  readonly outcomeTimestamp: string;
};

/** Why a card was overridden. */
export type Reason = {
  readonly system: string | undefined;
  readonly code: string;
  /** Whether a policy offers it on its cards. Any other reason may be free text with patient data. */
  readonly isOffered: boolean;
};

const MAX_CODE_LENGTH = 256; // characters
const MAX_COMMENT_LENGTH = 4_000;
const MAX_BATCH = 1_000;
/** Outcomes stored per card: one for each suggestion. */
export const MAX_OUTCOMES = MAX_SUGGESTIONS;
/** Outcomes stored per client for cards never issued to it: enough to notice a misconfiguration. */
export const MAX_UNKNOWN_PER_DAY = 1_000;
const MAX_OVERRIDES = 50; // per card, in Epic's list

/** Text that every database can store: PostgreSQL rejects NUL. */
const text = (maxLength: number) =>
  z
    .string()
    .max(maxLength, `must not be longer than ${maxLength} characters`)
    .transform((given) => given.replaceAll("\0", "\ufffd"));
/** An id issued by this service. */
const uuid = (what: string) => z.guid(what).transform((given) => given.toLowerCase());

const reasonCoding = z.object({
  code: text(MAX_CODE_LENGTH)
    .refine((given) => given !== "", "must not be empty")
    .meta({ minLength: 1 }),
  system: text(MAX_CODE_LENGTH).optional(),
});

const overrideReason = z
  .object({
    reason: reasonCoding.optional(),
    userComment: text(MAX_COMMENT_LENGTH)
      .optional()
      .describe("May hold patient data: kept only if the operator says so"),
    extension: z.record(z.string(), z.unknown()).optional().describe("From Epic: the site's own reason"),
  })
  .refine(
    ({ reason, userComment, extension }) => reason ?? userComment ?? extension,
    "needs reason, userComment or extension",
  )
  .meta({ anyOf: ["reason", "userComment", "extension"].map((name) => ({ required: [name] })) });

const one = z
  .object({
    card: uuid("must be the uuid of a card"),
    outcome: z.enum(["accepted", "overridden"], 'must be "accepted" or "overridden"'),
    acceptedSuggestions: listOf(z.object({ id: uuid("must be the uuid of a suggestion") }), MAX_SUGGESTIONS)
      .optional()
      .describe("Required, and not empty, when the outcome is accepted"),
    overrideReason: overrideReason.optional(),
    overrideReasons: z
      .union([overrideReason, listOf(overrideReason, MAX_OVERRIDES)])
      .optional()
      .describe("Epic's spelling of overrideReason"),
    outcomeTimestamp: z.iso.datetime({ offset: true, error: "must be an ISO 8601 date and time with time zone" }),
  })
  .refine(({ outcome, acceptedSuggestions }) => outcome !== "accepted" || acceptedSuggestions?.length, {
    path: ["acceptedSuggestions"],
    error: "is required when the outcome is accepted",
  })
  .meta({
    if: { properties: { outcome: { const: "accepted" } } },
    // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
    then: { required: ["acceptedSuggestions"], properties: { acceptedSuggestions: { minItems: 1 } } },
  });

/** CDS Hooks, Feedback: one batch. The OpenAPI document is made from it. */
export const feedbackCall = z.object({
  feedback: listOf(one, MAX_BATCH)
    .refine(({ length }) => length > 0, "must hold at least one outcome")
    .meta({ minItems: 1 }),
});

/** The display text of the site's reason, in Epic's extension. */
function siteReasonIn(extension: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const key = Object.keys(extension ?? {}).find((name) => /overrideReason\.reasonDisplay$/i.test(name));
  const found = key === undefined ? undefined : extension?.[key];
  return typeof found === "string" && found.trim() ? plain(found) : undefined;
}

/** Some clients omit the system. */
function findReason({ system, code }: z.infer<typeof reasonCoding>, offered: Policy["overrideReasons"]): Reason {
  const found = offered.find((each) => each.code === code && (system ?? each.system) === each.system);
  return { system: found?.system ?? system, code, isOffered: found !== undefined };
}

/** @throws CallError 400 that names every invalid field */
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

const DAY = 86_400; // seconds

/** @throws CallError 429 if some of the feedback was over quota */
export function assertAllKept(kept: readonly Feedback[], feedback: readonly Feedback[]): void {
  const left = feedback.length - kept.length;
  if (left === 0) return;
  const limits = `${MAX_UNKNOWN_PER_DAY} per day for cards never issued to the client, and ${MAX_OUTCOMES} per card`;
  const message = `${left} of ${feedback.length} outcomes were not stored. The limits are ${limits}`;
  const untilTomorrow = DAY - (Math.floor(Date.now() / 1000) % DAY);
  throw new CallError(429, "throttled", message, { headers: { "Retry-After": String(untilTomorrow) } });
}
