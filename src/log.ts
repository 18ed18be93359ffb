// One line in the log for each call: what was asked, what was decided and why, and how long it took. Ids of policies, criteria
// and cards are enough; no patient data, no token, no text of a record.
import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Feedback } from "./cds-hooks/feedback.ts";
import type { OrderSignResult } from "./cds-hooks/order-sign.ts";
import type { Policy } from "./policy/policy.ts";

/** Adds to the line of this call. */
export function noteForLog(response: Response, note: Readonly<Record<string, unknown>>): void {
  response.locals.note = { ...(response.locals.note as object), ...note };
}

/** Writes the line when the call ends. The path is logged only as far as routes name it, never as it was sent. */
export function logCalls(log: Logger): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const call = randomUUID();
    response.once("close", () => {
      const { method } = request;
      const milliseconds = Math.round((performance.now() - start) * 10) / 10;
      const ended = response.writableFinished ? {} : { aborted: true };
      const line = {
        call,
        method,
        path: pathOf(request),
        status: response.statusCode,
        milliseconds,
        ...ended,
        ...response.locals.note,
      };
      log[response.statusCode >= 500 ? "error" : "info"](line, "call");
    });
    next();
  };
}

/** The route of the call, also where it was refused before its route was looked for. */
function pathOf({ route, originalUrl }: Request): string {
  const { path } = (route ?? {}) as { path?: string };
  const endpoint = /^\/cds-services(\/[^/?]+)?(\/feedback)?(\?|$)/.exec(originalUrl);
  if (path || !endpoint) return path ?? "unknown path";
  return `/cds-services${endpoint[1] ? "/:id" : ""}${endpoint[2] ?? ""}`;
}

/** What the log tells of an order-sign call: enough to see why it gave a card, or none. */
export function summariseOrderSign({ cards, decisions, ignored, reads }: OrderSignResult): Record<string, unknown> {
  return {
    cards: cards.map(({ uuid, suggestions }) => ({ uuid, suggestions: suggestions?.length ?? 0 })),
    decisions: decisions.map(({ policy, row, payer, criteria, cautions, changes }) => ({
      policy: policy.id,
      revision: policy.revision,
      row,
      payer,
      criteria: Object.fromEntries(criteria.map(({ criterion, outcome }) => [criterion.id, outcome])),
      cautions: cautions.map(({ caution }) => caution.id),
      changes: changes.map((change) => (change.kind === "none" ? change.why : change.kind)),
    })),
    ...(decisions.length === 0 && { why: "no draft order that a policy speaks about" }),
    ...(ignored.illFormed > 0 && { illFormedDrafts: ignored.illFormed }),
    ...(ignored.otherPatient > 0 && { draftsOfAnotherPatient: ignored.otherPatient }),
    ...(ignored.hasDstu2 && { hint: "drafts are MedicationOrder (DSTU2): switch the client to an R4 server" }),
    ...(reads.length > 0 && {
      reads: Object.fromEntries(reads.map(({ source, from, note }) => [source, `${from}: ${note}`])),
    }),
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the log tells of feedback. A card or a reason that is none of ours may be any text: it is not written. */
export function summariseFeedback(feedback: readonly Feedback[], policies: readonly Policy[]): Record<string, unknown> {
  const reasons = new Set(policies.flatMap(({ overrideReasons }) => overrideReasons.map(({ code }) => code)));
  return {
    feedback: feedback.map(({ card, outcome, reason }) => ({
      card: UUID.test(card) ? card : "unknown",
      outcome,
      ...(reason && { reason: reasons.has(reason.code) ? reason.code : "another" }),
    })),
  };
}

/** Where an unexpected error arose. Its message stays out: it may quote what a client sent. */
export function describeCrash(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return { error: error.name, at: frames.map((frame) => frame.trim()) };
}
