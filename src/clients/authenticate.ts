// The step before every call of CDS Hooks: who is calling. In open mode anybody; else a registered client, by its token.
import type { RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { connectEhr, type Ehr, type EhrOptions, type EhrWatch } from "../chart/ehr.ts";
import { CallError } from "../http/errors.ts";
import { noteForLog } from "../http/log.ts";
import { createAgent } from "../network/agent.ts";
import type { Client } from "./client.ts";
import type { RegisteredClient } from "./clients-file.ts";
import { identify, type JwtCheck, JwtRefusal, type Trust } from "./jwt.ts";
import { createKeys } from "./keys.ts";
import { createReplayMemory } from "./replay.ts";

/** Who calls, and the way to its FHIR servers. */
export type Caller = { readonly client: Client; readonly ehr: Ehr };

/** Finds out who calls. @param endpoint the exact URL of the endpoint called @throws CallError 401 */
export type Authenticate = (authorization: string | undefined, endpoint: string) => Promise<Caller>;

/** Open mode: for sandboxes. A token that comes is not looked at. */
export function admitAnybody(client: Client, options?: EhrOptions): Authenticate {
  const caller = { client, ehr: connectEhr(client, options) };
  return async () => caller;
}

export type RegistrationOptions = Omit<EhrOptions, "watch"> & {
  readonly watchEhr?: (client: string) => EhrWatch;
  readonly log: Logger;
  /** Seconds that a token may be old. */
  readonly maxAge: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Tokens of each client that are remembered against replay. */
  readonly maxTokens?: number;
};

const MAX_TOKENS = 100_000;

export function admitRegistered(clients: readonly RegisteredClient[], options: RegistrationOptions): Authenticate {
  const { log, maxAge, now = Date.now, maxTokens = MAX_TOKENS } = options;
  const watchOf = (name: string) => (options.watchEhr ? { watch: options.watchEhr(name) } : {});
  const known = new Map(
    clients.map((client) => {
      const { name, issuer, demonstration, privateNetwork, jwksUrl } = client;
      const named = jwksUrl ? [new URL(jwksUrl).hostname.replace(/^\[|\]$/g, "")] : [];
      const agent = createAgent({ named, privateNetwork }, options.lookup);
      const onFailure = (why: string) => log.warn({ client: name, why }, "the client's keys could not be read");
      const keys = createKeys(client.keys, { demonstration, agent, now, onFailure });
      const onFull = () =>
        log.warn({ client: name, maxTokens }, "the memory of used tokens is full: the nearest to its end goes");
      const replay = createReplayMemory(maxTokens, onFull);
      return [
        issuer,
        { client, keys, replay, caller: { client, ehr: connectEhr(client, { ...options, ...watchOf(name) }) } },
      ] as const;
    }),
  );
  const trust: Trust = { find: (issuer) => known.get(issuer), maxAge, now };
  return async (authorization, endpoint) => {
    try {
      const { issuer } = await identify(authorization, endpoint, trust);
      const caller = known.get(issuer)?.caller;
      if (!caller) throw new Error("a client without a registration");
      return caller;
    } catch (error) {
      throw error instanceof JwtRefusal ? toCallError(error) : error;
    }
  };
}

/** What would tell a stranger who is registered, and with which keys, is one and the same in the answer. */
const UNTRUSTED: ReadonlySet<JwtCheck> = new Set([
  "jwt-iss",
  "jwt-jku",
  "jwt-key",
  "jwt-keys-unavailable",
  "jwt-signature",
]);

function toCallError({ check, expected, came, client }: JwtRefusal): CallError {
  const code = UNTRUSTED.has(check) ? "jwt-untrusted" : check;
  const challenge = `Bearer realm="cds-services"${came === "none" && check === "jwt-scheme" ? "" : `, error="invalid_token", error_description="${code}"`}`;
  return new CallError(401, "login", `${MESSAGES[code]} The log of the service tells what was expected.`, {
    code,
    headers: { "WWW-Authenticate": challenge },
    note: { refused: { check, expected, came, client } },
  });
}

const MESSAGES: Record<string, string> = {
  "jwt-scheme": "Authorization must be Bearer with a signed JSON Web Token.",
  "jwt-shape": "The token is not a JSON Web Token that this service reads.",
  "jwt-alg": "The token's alg is not one that the client is registered with.",
  "jwt-typ": "The token's typ must be JWT.",
  "jwt-kid": "The token's kid must name the key.",
  "jwt-untrusted": "The token is not of a registered client.",
  "jwt-exp": "The token's exp is missing or over.",
  "jwt-iat": "The token's iat is missing, too old or in the future.",
  "jwt-nbf": "The token's nbf is in the future.",
  "jwt-aud": "The token's aud is not the exact URL of this endpoint.",
  "jwt-jti": "The token's jti is missing or was used before.",
  "jwt-sub": "The token's sub is not the registered one.",
  "jwt-tenant": "The token's tenant is not a registered one.",
};

/** The caller that was found for this call. */
export function callerOf(response: Response): Caller {
  return response.locals.caller as Caller;
}

/** Express: finds the caller of every request, and notes its name for the log. @param baseUrl public address of the service */
export function requireCaller(authenticate: Authenticate, baseUrl: string): RequestHandler {
  return async (request, response, next) => {
    const path = `${request.baseUrl}${request.path}`.replace(/\/+$/, "");
    const caller = await authenticate(request.get("authorization"), baseUrl + path);
    response.locals.caller = caller;
    noteForLog(response, { client: caller.client.name });
    next();
  };
}
