// GET /insights: the report as JSON, for those who may read it.
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
        addIssue({ code: "custom", message: "must be days such as 30d, or a date such as 2026-11-01" });
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
      throw new CallError(403, "forbidden", "A client sees its own numbers: leave the parameter client out");
    }
    response.json(await report({ ...asked, client: client.name }));
  };
}

const RETRY_AFTER = 5; // seconds

/** A report reads all rows. One is made at a time; who asks the same meanwhile gets the same. */
function oneAtATime({ report }: Pick<Store, "report">): (query: ReportQuery) => Promise<Report> {
  let running: { readonly asked: string; readonly made: Promise<Report> } | undefined;
  return (query) => {
    const asked = JSON.stringify(query);
    if (running && running.asked !== asked) {
      const headers = { "Retry-After": String(RETRY_AFTER) };
      throw new CallError(503, "transient", "Another report is being made: ask again after it", { headers });
    }
    running ??= {
      asked,
      made: report(query).finally(() => {
        running = undefined;
      }),
    };
    return running.made;
  };
}

/** A caller that came through a proxy is not on this machine, whatever its address seems to be. */
function isFromThisMachine(ip: string | undefined, headers: Readonly<Record<string, unknown>>): boolean {
  const isForwarded = ["x-forwarded-for", "forwarded", "via", "x-real-ip"].some((name) => name in headers);
  const address = (ip ?? "").replace(/^::ffff:/, "");
  return !isForwarded && isLoopback(address.includes(":") ? `[${address}]` : address);
}
