// GET / and what the page needs: static files, scenarios, and explanations. Not part of CDS Hooks.
import { fileURLToPath } from "node:url";
import express, { type ErrorRequestHandler, type RequestHandler, Router } from "express";
import type { Scenario } from "../cases/scenarios.ts";
import { SERVICE_ID } from "../cds-hooks/discovery.ts";
import type { OrderSignSettings } from "../cds-hooks/order-sign.ts";
import { readOrderSign } from "../cds-hooks/read-order-sign.ts";
import { callerOf } from "../clients/authenticate.ts";
import type { BodyHandler } from "../http/body.ts";
import { explain } from "../policy/decision/explain.ts";

export type PlaygroundOptions = {
  readonly scenarios: readonly Scenario[];
  readonly settings: OrderSignSettings;
  readonly mode: "open" | "registered";
  /** FHIR servers that the service may call, for the page to offer. */
  readonly fhirServers: readonly string[];
  /** Authentication and its rate limits. */
  readonly authenticated: readonly (RequestHandler | ErrorRequestHandler)[];
  readonly checkHost: RequestHandler;
  /** Reads the JSON body before a handler runs. */
  readonly json: (handle: BodyHandler) => RequestHandler;
};

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const library = (specifier: string) => fileURLToPath(import.meta.resolve(specifier));

/** Loads only from this service; no inline scripts. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function playground(options: PlaygroundOptions): Router {
  const { scenarios, settings, mode, fhirServers, authenticated, checkHost, json } = options;
  const router = Router();
  const policies = settings.policies.map(({ id, title, publisher, reviewDate }) => ({
    id,
    title,
    publisher,
    reviewDate,
  }));

  const headers: RequestHandler = (_request, response, next) => {
    response.set("Content-Security-Policy", CONTENT_SECURITY_POLICY).set("Cache-Control", "no-cache");
    next();
  };
  router.use("/playground", checkHost, headers);
  router.get("/", checkHost, headers, (_request, response) => response.sendFile(file("./page/index.html")));
  router.get("/playground/start.json", (_request, response) => {
    const endpoint = `/cds-services/${SERVICE_ID}`;
    response.json({ scenarios, policies, mode, fhirServers, endpoint, baseUrl: settings.baseUrl });
  });
  router.get("/playground/vendor/markdown-it.js", (_request, response) =>
    response.sendFile(library("markdown-it/browser")),
  );
  router.get("/playground/vendor/purify.js", (_request, response) => response.sendFile(library("dompurify")));
  router.use("/playground", express.static(file("./page"), { index: false }));
  const explainCall: BodyHandler = async (request, response) => {
    const { applicable, chart, reading, reads } = await readOrderSign(request.body, callerOf(response), settings);
    response.set("Cache-Control", "no-store");
    response.json({ explanations: applicable.map((orders) => explain(orders, chart, reading)), reads });
  };
  router.post("/playground/explain", ...authenticated, json(explainCall));
  return router;
}
