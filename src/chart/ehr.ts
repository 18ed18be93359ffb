// Calls the EHR's FHIR server: only one registered for the calling client, with the request's own token, and isolated
// so that a slow or failing server delays no other. Knows HTTP and its limits; knows no policy.

import type { LookupFunction } from "node:net";
import {
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  isBrokenCircuitError,
} from "cockatiel";
import type { Dispatcher } from "undici";
import type { AddressRule } from "../network/addresses.ts";
import { createAgent, NOT_ALLOWED } from "../network/agent.ts";
import { getJson, type JsonAnswer, reasonOf } from "../network/get-json.ts";
import { CostlyJson } from "../network/json.ts";
import { isBelow, withoutEndSlashes } from "../network/urls.ts";
import { isRecord, objectsIn } from "../policy/fhir-json.ts";

/** The servers registered for one client. */
export type EhrRegistration = {
  /** Base URLs. */
  readonly fhirServers: readonly string[];
  /** Whether they may have addresses of a private network. */
  readonly privateNetwork: boolean;
};

/** One client's servers. Created once: connections and circuit breakers are shared between requests. */
export type Ehr = {
  /** Access for one request, or undefined if the server is not one of the client's. */
  open(server: string, token: string, call: EhrCall): EhrAccess | undefined;
};

/** Passed on to every EHR request of one order-sign request. */
export type EhrCall = {
  readonly deadline: AbortSignal;
  /** Trace headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

/** Observes requests for metrics. `server` is a registered base URL. */
export type EhrWatch = {
  answered(server: string, answer: EhrAnswer): void;
  breaker(server: string, isOpen: boolean): void;
};

/** Access to the EHR for one request. The token is never stored or logged. */
export type EhrAccess = {
  /** Base URL of the FHIR server, without a trailing slash. */
  readonly server: string;
  readonly token: string;
  readonly deadline: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Dispatcher;
  readonly breaker: CircuitBreakerPolicy;
  /** Counts the bytes of all EHR responses to one request; throws when there are too many. */
  readonly spend: (bytes: number) => void;
  readonly answered: (answer: EhrAnswer) => void;
};

/** The outcome of a request to the EHR. `why` is for the log: no address, no content. */
export type EhrAnswer =
  | { readonly state: "read"; readonly body: unknown }
  | { readonly state: "unsupported" }
  /** Not sent: the server failed repeatedly. */
  | { readonly state: "circuit-open" }
  /** `isServerFault`: any other request would probably have failed too. */
  | { readonly state: "failed"; readonly why: string; readonly isServerFault: boolean };

export type EhrOptions = {
  /** Resolves host names. Default: node:dns. */
  readonly lookup?: LookupFunction;
  /** Milliseconds until an open circuit lets a request through. */
  readonly halfOpenAfter?: number;
  readonly watch?: EhrWatch;
};

const MAX_BYTES = 32 * 1024 * 1024; // of all EHR responses to one request
const TOO_LONG = "ANSWERS_TOO_LONG";
/** Failures of a single request or response. They do not count toward opening the circuit. */
const SINGLE_FAILURES: ReadonlySet<string> = new Set([
  ...[NOT_ALLOWED, TOO_LONG, CostlyJson.name],
  ...["SyntaxError", "TypeError"], // without a network error code
]);
const FAILURES_IN_A_ROW = 10;
const HALF_OPEN_AFTER = 10_000;

export function connectEhr({ fhirServers, privateNetwork }: EhrRegistration, options: EhrOptions = {}): Ehr {
  const named = fhirServers.map((base) => new URL(base).hostname.replace(/^\[|\]$/g, ""));
  const rule: AddressRule = { named, privateNetwork };
  const agent = createAgent(rule, options.lookup);
  const { halfOpenAfter = HALF_OPEN_AFTER, watch } = options;
  const servers = fhirServers.map((base) => {
    const breaker = circuitBreaker(handleWhenResult(isServerFailure), {
      halfOpenAfter,
      breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
    });
    watch?.breaker(base, false);
    breaker.onBreak(() => watch?.breaker(base, true));
    breaker.onReset(() => watch?.breaker(base, false));
    return { base, breaker };
  });
  return {
    open(server, token, { deadline, headers = {} }) {
      const allowed = servers.find(({ base }) => isAllowedServer(server, base));
      if (!allowed) return undefined;
      let left = MAX_BYTES;
      const spend = (bytes: number) => {
        left -= bytes;
        if (left < 0) throw Object.assign(new Error("answers too long"), { code: TOO_LONG });
      };
      const href = withoutEndSlashes(new URL(server).href);
      const { base, breaker } = allowed;
      const answered = (answer: EhrAnswer) => watch?.answered(base, answer);
      return { server: href, token, deadline, headers, agent, breaker, spend, answered };
    },
  };
}

/** Whether a server is the registered base URL or below it: same scheme, host, and port, and a whole path prefix. */
export function isAllowedServer(server: string, base: string): boolean {
  return !/[?#]/.test(server) && isBelow(server, base);
}

function isServerFailure(answer: unknown): boolean {
  const { state, isServerFault } = answer as Partial<Extract<EhrAnswer, { state: "failed" }>>;
  return state === "failed" && isServerFault === true;
}

/** GET below the server's base URL. `pathOrUrl` is relative to it, or a URL from the server itself (a page link). */
export async function getFromEhr(access: EhrAccess, pathOrUrl: string): Promise<EhrAnswer> {
  const answer = await getThroughBreaker(access, pathOrUrl);
  access.answered(answer);
  return answer;
}

async function getThroughBreaker(access: EhrAccess, pathOrUrl: string): Promise<EhrAnswer> {
  const base = `${access.server}/`;
  const url = URL.canParse(pathOrUrl, base) ? new URL(pathOrUrl, base).href : "";
  if (!isBelow(url, base)) return { state: "failed", why: "address outside the FHIR server", isServerFault: false };
  try {
    return await access.breaker.execute(() => request(access, url));
  } catch (error) {
    if (isBrokenCircuitError(error)) return { state: "circuit-open" };
    throw error;
  }
}

async function request(access: EhrAccess, url: string): Promise<EhrAnswer> {
  const { token, deadline, agent, spend } = access;
  const headers = { ...access.headers, accept: "application/fhir+json", authorization: `Bearer ${token}` };
  try {
    return toAnswer(await getJson(url, { agent, headers, signal: deadline, spend }));
  } catch (error) {
    const why = deadline.aborted ? "deadline" : reasonOf(error);
    return { state: "failed", why, isServerFault: !SINGLE_FAILURES.has(why) };
  }
}

function toAnswer({ status, isJson, body }: JsonAnswer): EhrAnswer {
  if (status === 404) return { state: "unsupported" };
  const isOk = status >= 200 && status < 300;
  if (isOk) return isJson ? { state: "read", body } : { state: "failed", why: "not JSON", isServerFault: false };
  const notSupported =
    status === 400 && isRecord(body) && objectsIn(body.issue).some(({ code }) => code === "not-supported");
  if (notSupported) return { state: "unsupported" };
  return { state: "failed", why: `status ${status}`, isServerFault: status >= 500 || status === 429 };
}
