// GET /insights: the report as JSON, with access control.
import type { RequestHandler } from "express";
import { z } from "zod";
import { readBody } from "../cds-hooks/request.ts";
import { callerOf } from "../clients/authenticate.ts";
import { CallError } from "../http/errors.ts";
import { isLoopback } from "../network/urls.ts";
import type { Report, ReportQuery } from "./report.ts";
import { sinceOf } from "./since.ts";
import type { Store } from "./store.ts";

const query = z.strictObject({
  since: z
    .string()
    .transform((text, { addIssue }) => {
      const since = sinceOf(text);
      if (since === undefined)
        addIssue({ code: "custom", message: "must be days such as 30d or a date such as 2026-11-01" });
      return since;
    })
    .optional(),
  policy: z.string().optional(),
  client: z.string().optional(),
});

export function answerInsights(store: Pick<Store, "report">, mode: "open" | "registered"): RequestHandler {
  const report = oneAtATime(store);
  return async (request, response) => {
    const client = mode === "open" ? undefined : callerOf(response).client;
    if (!(client ? client.insights : isFromThisMachine(request.ip, request.headers))) {
      const who = client ? "a client registered with insights: true" : "a caller on this machine";
      throw new CallError(403, "forbidden", `The report is for ${who}`);
    }
    const asked = readBody(query, request.query, "query for insights");
    if (!client) return void response.json(await report(asked));
    // The operator sees all, by `npm run report`.
    if (asked.client !== undefined && asked.client !== client.name) {
      throw new CallError(403, "forbidden", "A client sees only its own numbers: omit the client parameter");
    }
    response.json(await report({ ...asked, client: client.name }));
  };
}

const RETRY_AFTER = 5; // seconds

/** A report reads all rows, so only one runs at a time. Identical queries share it. */
function oneAtATime({ report }: Pick<Store, "report">): (query: ReportQuery) => Promise<Report> {
  let running: { readonly key: string; readonly result: Promise<Report> } | undefined;
  return (query) => {
    const key = JSON.stringify(query);
    if (running && running.key !== key) {
      const headers = { "Retry-After": String(RETRY_AFTER) };
      throw new CallError(503, "transient", "Another report is running: try again shortly", { headers });
    }
    running ??= {
      key,
      result: report(query).finally(() => {
        running = undefined;
      }),
    };
    return running.result;
  };
}

/** A request through a proxy is not from this machine, whatever its address says. */
function isFromThisMachine(ip: string | undefined, headers: Readonly<Record<string, unknown>>): boolean {
  const isForwarded = ["x-forwarded-for", "forwarded", "via", "x-real-ip"].some((name) => name in headers);
  const address = (ip ?? "").replace(/^::ffff:/, "");
  return !isForwarded && isLoopback(address.includes(":") ? `[${address}]` : address);
}
