// One log line per request: what was asked, what was decided and why, and how long it took. Ids of policies, criteria,
// and cards only: no patient data, no tokens, no record text.
import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Metrics } from "./metrics.ts";
import { type Trace, traceOf } from "./trace.ts";

/** Adds fields to this request's log line. */
export function noteForLog(response: Response, note: Readonly<Record<string, unknown>>): void {
  response.locals.note = { ...(response.locals.note as object), ...note };
}

/** Milliseconds since the request arrived. */
export function sinceArrival(response: Response): number {
  return Math.round((performance.now() - (response.locals.arrival as number)) * 10) / 10;
}

/** The trace of this request, if it has one. */
export function traceIn(response: Response): Trace | undefined {
  return response.locals.trace as Trace | undefined;
}

/** For the log and the metrics: the client disconnected before the response. nginx uses the same status. */
const CLIENT_CLOSED_REQUEST = 499;
const REQUEST_ID = /^[\w.-]{1,128}$/;

/**
 * Logs each request when it ends. The path is the route's, never as sent. The line has the client's X-Request-Id, which
 * the response repeats, and the id of its trace (W3C traceparent).
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
      const status = isAnswered ? response.statusCode : CLIENT_CLOSED_REQUEST;
      // Probes come every few seconds, and a failing one is not an error: logged at debug only.
      const isProbe = path.startsWith("/health/");
      const { client = "unknown", cards } = (response.locals.note ?? {}) as { client?: string; cards?: unknown[] };
      const outcome = status >= 400 ? "error" : cards === undefined ? "ok" : cards.length > 0 ? "card" : "none";
      if (!isProbe) metrics.countCall({ client, endpoint: path, status, outcome }, milliseconds / 1000);
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

/** The route of the request, even if it was refused before routing. */
function pathOf({ route, originalUrl }: Request): string {
  const { path } = (route ?? {}) as { path?: string };
  const endpoint = /^\/cds-services(\/[^/?]+)?(\/feedback)?(\?|$)/.exec(originalUrl);
  if (path || !endpoint) return path ?? "unknown path";
  return `/cds-services${endpoint[1] ? "/:id" : ""}${endpoint[2] ?? ""}`;
}

/** An unexpected error: its name and stack frames. Not its message, which may quote the request. */
export function describeCrash(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return { error: error.name, at: frames.map((frame) => frame.trim()) };
}
