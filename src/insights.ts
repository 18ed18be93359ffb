// GET /insights: the report as JSON, for those who may read it.
import type { RequestHandler } from "express";
import { z } from "zod";
import { CallError } from "./cds-hooks/errors.ts";
import { readBody } from "./cds-hooks/request.ts";
import { callerOf } from "./clients/authenticate.ts";
import { isLoopback } from "./network/urls.ts";
import { sinceOf } from "./store/since.ts";
import type { Store } from "./store/store.ts";

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

export function answerInsights(store: Store, mode: "open" | "registered"): RequestHandler {
  return async (request, response) => {
    const mayRead =
      mode === "open" ? isFromThisMachine(request.ip, request.headers) : callerOf(response).client.insights;
    if (!mayRead) {
      const who = mode === "open" ? "a caller on this machine" : "a client registered with insights: true";
      throw new CallError(403, "forbidden", `The report is for ${who}`);
    }
    response.json(await store.report(readBody(query, request.query, "query for insights")));
  };
}

/** A caller that came through a proxy is not on this machine, whatever its address seems to be. */
function isFromThisMachine(ip: string | undefined, headers: Readonly<Record<string, unknown>>): boolean {
  const isForwarded = ["x-forwarded-for", "forwarded", "via", "x-real-ip"].some((name) => name in headers);
  const address = (ip ?? "").replace(/^::ffff:/, "");
  return !isForwarded && isLoopback(address.includes(":") ? `[${address}]` : address);
}
