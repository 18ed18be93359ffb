// Prometheus metrics: requests, EHR calls, decisions, feedback, the store, the process. Labels are names that the
// operator chose, and codes: no patient data.
import { createServer, type Server } from "node:http";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { EhrAnswer, EhrWatch } from "../chart/ehr.ts";
import type { Store } from "../store/store.ts";

export type Metrics = {
  readonly registry: Registry;
  countCall(call: { client: string; endpoint: string; status: number; outcome: string }, seconds: number): void;
  countDecision(policy: string, row: string): void;
  countFeedback(client: string, outcome: string): void;
  /** Counts one client's requests to its EHR. */
  watchEhr(client: string): EhrWatch;
};

/** Seconds: finer around 500 ms (the CDS Hooks target) and 5 s (when clients give up). */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 1, 1.5, 2.5, 4, 5, 6, 10];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const calls = counter("cds_calls_total", "Requests answered", ["client", "endpoint", "status", "outcome"]);
  const duration = new Histogram({
    name: "cds_call_duration_seconds",
    help: "Seconds from request to response",
    labelNames: ["endpoint"],
    buckets: BUCKETS,
    registers,
  });
  const ehrCalls = counter("cds_ehr_calls_total", "Requests to FHIR servers", ["client", "server", "result"]);
  const breaker = new Gauge({
    name: "cds_ehr_breaker_open",
    help: "1 while the circuit breaker of a FHIR server is open",
    labelNames: ["client", "server"],
    registers,
  });
  const decisions = counter("cds_decisions_total", "Decisions, by row of the decision table", ["policy", "row"]);
  const feedback = counter("cds_feedback_total", "Card outcomes stored", ["client", "outcome"]);

  return {
    registry,
    countCall({ client, endpoint, status, outcome }, seconds) {
      calls.inc({ client, endpoint, status: String(status), outcome });
      duration.observe({ endpoint }, seconds);
    },
    countDecision: (policy, row) => decisions.inc({ policy, row }),
    countFeedback: (client, outcome) => feedback.inc({ client, outcome }),
    watchEhr: (client) => ({
      answered: (server: string, { state }: EhrAnswer) => ehrCalls.inc({ client, server, result: state }),
      breaker: (server: string, isOpen: boolean) => breaker.set({ client, server }, isOpen ? 1 : 0),
    }),
  };
}

/** Adds the metrics read at scrape time: the process (including event loop lag) and the store. */
export function collectState({ registry }: Metrics, store: Store): void {
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number) => {
    const made: Gauge = new Gauge({ name, help, registers: [registry], collect: () => made.set(read()) });
  };
  gauge("cds_store_up", "1 while the store works", () => (store.health().status === "ok" ? 1 : 0));
  gauge("cds_decision_log_waiting", "Rows waiting to be written", () => store.decisionLog().waiting);
  const dropped: Counter = new Counter({
    name: "cds_decision_log_dropped_total",
    help: "Rows dropped because too many were waiting",
    registers: [registry],
    collect() {
      dropped.reset();
      dropped.inc(store.decisionLog().dropped);
    },
  });
}

/** GET /metrics on its own port, for the operator's network only. */
export function serveMetrics({ registry }: Metrics, port: number, host: string): Server {
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") return void response.writeHead(404).end();
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return server.listen(port, host);
}
