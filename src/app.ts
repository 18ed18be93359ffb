// The route table.
import cors from "cors";
import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import helmet from "helmet";
import type { Logger } from "pino";
import { describeServices, SERVICE_ID } from "./cds-hooks/discovery.ts";
import { assertAllKept, readFeedback } from "./cds-hooks/feedback.ts";
import { issuedCards } from "./cds-hooks/issued-cards.ts";
import { summarizeFeedback, summarizeOrderSign } from "./cds-hooks/log-line.ts";
import { answerOrderSign, type OrderSignSettings } from "./cds-hooks/order-sign.ts";
import { type Authenticate, callerOf, requireCaller } from "./clients/authenticate.ts";
import { checkHost } from "./clients/check-host.ts";
import { clientBy, limitAddresses, limitCalls, limitRefusals } from "./clients/rate-limit.ts";
import { answerFailure } from "./http/answer-failure.ts";
import { readJsonBodies } from "./http/body.ts";
import { CallError } from "./http/errors.ts";
import { answerLive, answerReady, type HealthOptions } from "./http/health.ts";
import { logCalls, noteForLog, sinceArrival, traceIn } from "./http/log.ts";
import type { Metrics } from "./http/metrics.ts";
import { answerApi } from "./http/openapi.ts";
import { type PlaygroundOptions, playground } from "./playground/routes.ts";
import { answerPolicy } from "./policy-page/answer.ts";
import { answerInsights } from "./store/insights.ts";
import type { Store } from "./store/store.ts";

export type AppOptions = OrderSignSettings &
  HealthOptions & {
    readonly log: Logger;
    readonly authenticate: Authenticate;
    /** Calls per minute per client, or per address without authentication; 0 for no limit. */
    readonly rateLimit: number;
    readonly store: Store;
    readonly metrics: Metrics;
    /** Bytes of one body. */
    readonly bodyLimit: number;
    /** Bytes for all bodies in progress. */
    readonly bodyMemory: number;
    /** Listening address. */
    readonly host: string;
    readonly corsOrigins: readonly string[];
    readonly trustProxy: number;
    readonly operator: string;
    /** Test patients and FHIR servers of the page at /; undefined for no page. */
    readonly playground: Pick<PlaygroundOptions, "scenarios" | "fhirServers"> | undefined;
  };

export function createApp(options: AppOptions): Express {
  const { policies, log } = options;
  const app = express();
  app.disable("x-powered-by").set("trust proxy", options.trustProxy).set("etag", false);
  app.use(logCalls(log, options.metrics), mergeSlashes, securityHeaders);

  // Never rate-limited: probes share an address with other traffic through the same proxy or node. If a stranger could
  // use up their calls, the instance would be marked dead. A probe costs no more than a refusal.
  app.route("/health/live").get(answerLive).all(only("GET"));
  app.route("/health/ready").get(answerReady(options)).all(only("GET"));

  const anyOrigin = options.corsOrigins.includes("*");
  const crossOrigin = cors({
    origin: anyOrigin ? "*" : [...options.corsOrigins],
    methods: ["GET", "POST"],
    allowedHeaders: ["authorization", "content-type", "x-request-id", "traceparent", "tracestate"],
    exposedHeaders: ["WWW-Authenticate", "Retry-After", "X-Request-Id"],
    maxAge: 86_400,
  });
  const refusals = limitRefusals(options.rateLimit);
  const authenticated = [
    refusals.before,
    requireCaller(options.authenticate, options.baseUrl),
    refusals.count,
    limitCalls(options.rateLimit, options.mode),
  ];
  const openToAll = limitAddresses(options.rateLimit);
  const ownHost = checkHost(options);
  // Preflights carry no credentials, so they are answered before authentication.
  app.options("/cds-services{/*path}", openToAll);
  app.use("/cds-services", crossOrigin, noStore, ...authenticated);

  const json = readJsonBodies({ ...options, clientOf: clientBy(options.mode) });
  const services = describeServices(policies);
  const knownService: RequestHandler<{ id: string }> = ({ params }, _response, next) => {
    if (params.id === SERVICE_ID) return next();
    throw new CallError(404, "not-found", `No such service: discovery lists ${SERVICE_ID}`);
  };

  async function answerCall(request: Request, response: Response): Promise<void> {
    const received = sinceArrival(response);
    const result = await answerOrderSign(request.body, { ...callerOf(response), trace: traceIn(response) }, options);
    noteForLog(response, summarizeOrderSign(result, received));
    for (const { decision } of result.decisions) options.metrics.countDecision(decision.policy.id, decision.row);
    if (result.refusal) throw result.refusal;
    // Like response.json(), without its work for caches.
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(JSON.stringify({ cards: result.cards }));
    options.store.logCards(issuedCards(result, callerOf(response).client.name, sinceArrival(response)));
  }

  async function answerFeedback(request: Request, response: Response): Promise<void> {
    const feedback = readFeedback(request.body, policies);
    noteForLog(response, summarizeFeedback(feedback));
    const { name } = callerOf(response).client;
    const kept = await options.store.keepFeedback(name, feedback);
    for (const { outcome } of kept) options.metrics.countFeedback(name, outcome);
    assertAllKept(kept, feedback);
    response.status(200).end();
  }

  app
    .route("/cds-services")
    .get((_request, response) => void response.json(services))
    .all(only("GET"));

  app.route("/cds-services/:id").post(knownService, json(answerCall)).all(only("POST"));

  app.route("/cds-services/:id/feedback").post(knownService, json(answerFeedback)).all(only("POST"));

  app
    .route("/insights")
    .get(ownHost, noStore, ...authenticated, answerInsights(options.store, options.mode))
    .all(openToAll, only("GET"));

  app.use(openToAll);
  if (options.playground) {
    const { mode } = options;
    app.use(playground({ ...options.playground, settings: options, mode, authenticated, checkHost: ownHost, json }));
  }

  app.route("/openapi.json").get(answerApi(options)).all(only("GET"));
  app.route("/policies/:policy").get(answerPolicy(policies, options.operator)).all(only("GET"));

  app.use(() => {
    throw new CallError(404, "not-found", "Nothing at this path: discovery is at /cds-services");
  });
  app.use(answerFailure(log));
  return app;
}

/** Pages that need more set their own policy. */
const securityHeaders = staticHeaders(
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
  }),
);

/** Runs a middleware that always sets the same headers once, and reuses them. */
function staticHeaders(middleware: RequestHandler): RequestHandler {
  const headers = new Map<string, string>();
  const response = { setHeader: (name: string, value: string) => headers.set(name, value), removeHeader: () => {} };
  middleware({} as Request, response as unknown as Response, () => {});
  return (_request, response, next) => {
    response.setHeaders(headers);
    next();
  };
}

/** Responses contain chart data. */
const noStore: RequestHandler = (_request, response, next) => {
  response.set("Cache-Control", "no-store");
  next();
};

/** A discovery URL entered with a trailing slash leads clients to paths with a double slash. */
const mergeSlashes: RequestHandler = (request, _response, next) => {
  request.url = request.url.replace(/^[^?]*/, (path) => path.replace(/\/{2,}/g, "/"));
  next();
};

function only(method: "GET" | "POST"): RequestHandler {
  return () => {
    throw new CallError(405, "not-supported", `Only ${method} is supported here`, { headers: { Allow: method } });
  };
}
