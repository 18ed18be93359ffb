// One line in the log for each call: what was asked, what was decided and why, and how long it took. Ids of policies, criteria
// and cards are enough; no patient data, no token, no text of a record.
import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Metrics } from "./metrics.ts";
import { type Trace, traceOf } from "./trace.ts";

/** Adds to the line of this call. */
export function noteForLog(response: Response, note: Readonly<Record<string, unknown>>): void {
  response.locals.note = { ...(response.locals.note as object), ...note };
}

/** Milliseconds since the call arrived. */
export function sinceArrival(response: Response): number {
  return Math.round((performance.now() - (response.locals.arrival as number)) * 10) / 10;
}

/** The trace of this call, if it brought one. */
export function traceIn(response: Response): Trace | undefined {
  return response.locals.trace as Trace | undefined;
}

/** For the log and the metrics: whoever called was gone before the answer. As nginx counts it. */
const NOT_AWAITED = 499;
const REQUEST_ID = /^[\w.-]{1,128}$/;

/**
 * Writes the line when the call ends. The path is logged only as far as routes name it, never as it was sent. A client's request id
 * (X-Request-Id) and trace (W3C traceparent) stand in it; the id is told in the answer.
 */
export function logCalls(log: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    response.locals.arrival = performance.now();
    const given = request.get("x-request-id") ?? "";
    const call = REQUEST_ID.test(given) ? given : randomUUID();
    response.set("X-Request-Id", call);
    const trace = traceOf(request.get("traceparent"), request.get("tracestate"));
    response.locals.trace = trace;
    response.once("close", () => {
      const { method } = request;
      const milliseconds = sinceArrival(response);
      const isAnswered = response.writableFinished;
      const path = pathOf(request);
      const status = isAnswered ? response.statusCode : NOT_AWAITED;
      // Probes come every few seconds, and a red one is no error: they are told for who looks for them only.
      const isProbe = path.startsWith("/health/");
      const { client = "unknown", cards } = (response.locals.note ?? {}) as { client?: string; cards?: unknown[] };
      const outcome = status >= 400 ? "error" : cards === undefined ? "ok" : cards.length > 0 ? "card" : "none";
      if (!isProbe) metrics.callEnded({ client, endpoint: path, status, outcome }, milliseconds / 1000);
      const line = {
        call,
        ...(trace && { trace: trace.id }),
        method,
        path,
        status,
        milliseconds,
        ...(!isAnswered && { aborted: true }),
        ...response.locals.note,
      };
      log[isProbe ? "debug" : status >= 500 ? "error" : "info"](line, "call");
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

/** Where an unexpected error arose. Its message stays out: it may quote what a client sent. */
export function describeCrash(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return { error: error.name, at: frames.map((frame) => frame.trim()) };
}
