// The service on a free port of this machine, as the tests call it. Every response is checked for conformance, and the whole log
// for what must never stand in it.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { type AppOptions, createApp } from "../../src/app.ts";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { admitAnybody, admitRegistered, type RegistrationOptions } from "../../src/clients/authenticate.ts";
import { openClient } from "../../src/clients/client.ts";
import type { RegisteredClient } from "../../src/clients/clients-file.ts";
import { createMetrics, type Metrics } from "../../src/http/metrics.ts";
import { createHttpServer, type ServerLimits } from "../../src/http/server.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import type { Store } from "../../src/store/store.ts";
import { faultsOfCards, faultsOfError } from "./conformance.ts";
import { leaksIn } from "./planted.ts";

export type Answer = { status: number; headers: Headers; text: string; body: unknown };

export type Service = {
  url: string;
  /** The lines of the log so far. */
  log: string[];
  metrics: Metrics;
  request(
    method: string,
    path: string,
    init?: { body?: string | undefined; headers?: Record<string, string> },
  ): Promise<Answer>;
  /** @param token a JSON Web Token for the Authorization header */
  orderSign(call: unknown, token?: string): Promise<Answer>;
  /** The cards of an order-sign call that must be answered with 200. */
  cards(call: unknown, token?: string): Promise<Card[]>;
  feedback(body: unknown, token?: string): Promise<Answer>;
  /** Ends it. Fails if the log of the whole run holds a token or anything of a patient. */
  stop(): Promise<void>;
};

export type ServiceOptions = Partial<AppOptions> &
  Partial<Omit<RegistrationOptions, "log">> & {
    /** In open mode: the FHIR servers that may be called. */
    readonly fhirServers?: readonly string[];
    /** Registered mode. */
    readonly clients?: readonly RegisteredClient[];
    readonly limits?: ServerLimits;
  };

/** A card as a client sees it. */
export type Card = {
  uuid: string;
  summary: string;
  detail: string;
  indicator: string;
  source: { label: string; url: string; topic: { system: string; code: string } };
  suggestions?: {
    label: string;
    uuid: string;
    actions: { type: string; description: string; resource?: Record<string, unknown>; resourceId?: string }[];
  }[];
  selectionBehavior?: string;
  overrideReasons?: { system: string; code: string; display: string }[];
  extension?: { "davinci-crd.associated-resource": { reference: string }[] };
};

const policies = loadPolicies("cards");

/** Keeps nothing: for tests of other things. */
export const forgetful: Store = {
  keepFeedback: async (_client, feedback) => feedback,
  logCards: () => {},
  report: async () => {
    throw new Error("nothing is kept");
  },
  health: () => ({ status: "ok" }),
  decisionLog: () => ({ waiting: 0, dropped: 0 }),
  close: async () => {},
};

const started: Service[] = [];
// A test that fails before it stops its service leaves none open.
if (typeof afterAll !== "undefined") afterAll(() => Promise.all(started.map((service) => service.stop())));

/** The public address that the service believes to have. */
export const BASE_URL = "http://127.0.0.1:3000";

const MB = 1024 * 1024;

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const {
    fhirServers = [],
    clients,
    limits,
    lookup,
    halfOpenAfter,
    maxAge = 900,
    now,
    maxTokens,
    ...appOptions
  } = options;
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  const metrics = createMetrics();
  const ehrOptions = { ...(lookup && { lookup }), ...(halfOpenAfter !== undefined && { halfOpenAfter }) };
  const clock = { ...(now && { now }), ...(maxTokens !== undefined && { maxTokens }) };
  const app = createApp({
    policies,
    baseUrl: BASE_URL,
    mode: clients ? "registered" : "open",
    authenticate: clients
      ? admitRegistered(clients, { log, maxAge, ...ehrOptions, ...clock, watchEhr: metrics.watchEhr })
      : admitAnybody(openClient(fhirServers), { ...ehrOptions, watch: metrics.watchEhr("open") }),
    rateLimit: 0,
    callDeadline: 60_000, // passes in no test but those of deadlines
    exceptionCard: false,
    log,
    store: forgetful,
    metrics,
    isReady: () => true,
    bodyLimit: 8 * MB,
    bodyMemory: 256 * MB,
    host: "127.0.0.1",
    corsOrigins: ["*"],
    trustProxy: 0,
    operator: "Test Operator",
    playground: undefined,
    ...appOptions,
  });
  const server = createHttpServer(app, limits);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function request(
    method: string,
    path: string,
    init: { body?: string | undefined; headers?: Record<string, string> } = {},
  ) {
    const response = await fetch(url + path, { method, redirect: "manual", ...init } as RequestInit);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
    checkConformance(method, path, answer);
    return answer;
  }
  const post = (path: string, body: unknown, token?: string) =>
    request("POST", path, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    });
  const orderSign = (call: unknown, token?: string) => post(`/cds-services/${SERVICE_ID}`, call, token);

  const service: Service = {
    url,
    log: lines,
    metrics,
    request,
    orderSign,
    async cards(call, token) {
      const { status, body, text } = await orderSign(call, token);
      if (status !== 200) throw new Error(`answered ${status}: ${text}`);
      return (body as { cards: Card[] }).cards;
    },
    feedback: (body, token) => post(`/cds-services/${SERVICE_ID}/feedback`, body, token),
    async stop() {
      await stop(server);
      const leaks = leaksIn(lines);
      if (leaks.length > 0) throw new Error(`the log holds ${leaks.join(", ")}`);
    },
  };
  started.push(service);
  return service;
}

function checkConformance(method: string, path: string, { status, body }: Answer): void {
  const isCards = method === "POST" && status === 200 && !path.endsWith("/feedback");
  const faults = isCards ? faultsOfCards(body) : status >= 400 && status !== 503 ? faultsOfError(body) : [];
  if (faults.length > 0) throw new Error(`${method} ${path} answered ${status} and breaks: ${faults.join(", ")}`);
}

export async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
