// Calls the EHR's FHIR server: only one that the calling client is registered with, with the token that came with the call, and
// so that a slow or failing server holds up nobody else. Knows HTTP and its bounds; knows no policy.

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

/** The servers that one client is registered with. */
export type EhrRegistration = {
  /** Base URLs. */
  readonly fhirServers: readonly string[];
  /** Whether they may have addresses of a private network. */
  readonly privateNetwork: boolean;
};

/** The way to the servers of one client; made once, so that connections and failures are known from call to call. */
export type Ehr = {
  /** Access for one call, or undefined where its server is not one of the client's. */
  open(server: string, token: string, call: EhrCall): EhrAccess | undefined;
};

/** What a call gives to its requests to the EHR. */
export type EhrCall = {
  /** Ends every request. */
  readonly deadline: AbortSignal;
  /** Headers of the call's trace. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

/** Is told what becomes of requests to the servers; each is named by its registered base URL. */
export type EhrWatch = {
  answered(server: string, answer: EhrAnswer): void;
  breaker(server: string, isOpen: boolean): void;
};

/** Access to the EHR for one call. The token is never stored or logged. */
export type EhrAccess = {
  /** Base URL of the FHIR server, without a slash at its end. */
  readonly server: string;
  readonly token: string;
  readonly deadline: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Dispatcher;
  readonly breaker: CircuitBreakerPolicy;
  /** Counts the bytes of all answers of the call; throws when they are too many. */
  readonly spend: (bytes: number) => void;
  readonly answered: (answer: EhrAnswer) => void;
};

/** What a request to the EHR came to. `why` is for the log: no address, no content. */
export type EhrAnswer =
  | { readonly state: "read"; readonly body: unknown }
  | { readonly state: "unsupported" }
  /** Not asked: the server failed repeatedly, and is left alone for a while. */
  | { readonly state: "circuit-open" }
  /** `ofServer`: the server itself is at fault, whatever was asked of it. */
  | { readonly state: "failed"; readonly why: string; readonly ofServer: boolean };

export type EhrOptions = {
  /** Resolves host names; node:dns where not given. */
  readonly lookup?: LookupFunction;
  /** Milliseconds for which a failing server is left alone. */
  readonly rest?: number;
  readonly watch?: EhrWatch;
};

const MAX_BYTES = 32 * 1024 * 1024; // of all answers within one call
const TOO_LONG = "ANSWERS_TOO_LONG";
/** Failures that tell nothing of the server's next answer. */
const OF_ONE_ANSWER: ReadonlySet<string> = new Set([
  ...[NOT_ALLOWED, TOO_LONG, CostlyJson.name],
  ...["SyntaxError", "TypeError"], // without a code of the network: what was asked, or one answer
]);
const FAILURES_IN_A_ROW = 10;
const REST = 10_000;

export function connectEhr({ fhirServers, privateNetwork }: EhrRegistration, options: EhrOptions = {}): Ehr {
  const named = fhirServers.map((base) => new URL(base).hostname.replace(/^\[|\]$/g, ""));
  const rule: AddressRule = { named, privateNetwork };
  const agent = createAgent(rule, options.lookup);
  const { rest = REST, watch } = options;
  const servers = fhirServers.map((base) => {
    const breaker = circuitBreaker(handleWhenResult(isServersFault), {
      halfOpenAfter: rest,
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

/** Whether a server is the registered base URL or below it: same scheme, host and port, and its path on a segment boundary. */
export function isAllowedServer(server: string, base: string): boolean {
  return !/[?#]/.test(server) && isBelow(server, base);
}

function isServersFault(answer: unknown): boolean {
  const { state, ofServer } = answer as Partial<Extract<EhrAnswer, { state: "failed" }>>;
  return state === "failed" && ofServer === true;
}

/** GET below the server's base. `pathOrUrl` is relative to it, or a URL that the server itself gave (a page link). */
export async function getFromEhr(access: EhrAccess, pathOrUrl: string): Promise<EhrAnswer> {
  const answer = await getUnwatched(access, pathOrUrl);
  access.answered(answer);
  return answer;
}

async function getUnwatched(access: EhrAccess, pathOrUrl: string): Promise<EhrAnswer> {
  const base = `${access.server}/`;
  const url = URL.canParse(pathOrUrl, base) ? new URL(pathOrUrl, base).href : "";
  if (!isBelow(url, base)) return { state: "failed", why: "address outside the FHIR server", ofServer: false };
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
    return judge(await getJson(url, { agent, headers, signal: deadline, spend }));
  } catch (error) {
    const why = deadline.aborted ? "deadline" : reasonOf(error);
    return { state: "failed", why, ofServer: !OF_ONE_ANSWER.has(why) };
  }
}

function judge({ status, isJson, body }: JsonAnswer): EhrAnswer {
  if (status === 404) return { state: "unsupported" };
  const isOk = status >= 200 && status < 300;
  if (isOk) return isJson ? { state: "read", body } : { state: "failed", why: "not JSON", ofServer: false };
  const notSupported =
    status === 400 && isRecord(body) && objectsIn(body.issue).some(({ code }) => code === "not-supported");
  if (notSupported) return { state: "unsupported" };
  return { state: "failed", why: `status ${status}`, ofServer: status >= 500 || status === 429 };
}
