// The service on a free port of this machine, as the tests call it. Every response is checked for conformance.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { type AppOptions, createApp } from "../../src/app.ts";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { loadPolicies } from "../../src/policy/load.ts";
import { faultsOfCards, faultsOfError } from "./conformance.ts";

export type Answer = { status: number; headers: Headers; text: string; body: unknown };

export type Service = {
  url: string;
  /** The lines of the log so far. */
  log: string[];
  request(
    method: string,
    path: string,
    init?: { body?: string | undefined; headers?: Record<string, string> },
  ): Promise<Answer>;
  orderSign(call: unknown): Promise<Answer>;
  /** The cards of an order-sign call that must be answered with 200. */
  cards(call: unknown): Promise<Card[]>;
  feedback(body: unknown): Promise<Answer>;
  stop(): Promise<void>;
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

export async function startService(options: Partial<AppOptions> = {}): Promise<Service> {
  const log: string[] = [];
  const app = createApp({
    policies,
    baseUrl: "http://127.0.0.1:3000",
    fhirServers: [],
    callDeadline: 1500,
    exceptionCard: false,
    log: pino({ base: null }, { write: (line: string) => log.push(line) }),
    recordFeedback: async () => {},
    isReady: () => true,
    bodyLimit: "8mb",
    corsOrigins: ["*"],
    trustProxy: 0,
    operator: "Test Operator",
    ...options,
  });
  const server = createServer(app);
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
  const post = (path: string, body: unknown) =>
    request("POST", path, { body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const orderSign = (call: unknown) => post(`/cds-services/${SERVICE_ID}`, call);

  return {
    url,
    log,
    request,
    orderSign,
    async cards(call) {
      const { status, body, text } = await orderSign(call);
      if (status !== 200) throw new Error(`answered ${status}: ${text}`);
      return (body as { cards: Card[] }).cards;
    },
    feedback: (body) => post(`/cds-services/${SERVICE_ID}/feedback`, body),
    stop: () => stop(server),
  };
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
