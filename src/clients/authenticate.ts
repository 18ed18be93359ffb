// Authenticates every CDS Hooks request: a registered client by its signed token, or anyone in open mode.
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

/** The authenticated client, and access to its FHIR servers. */
export type Caller = { readonly client: Client; readonly ehr: Ehr };

/** @param endpoint the exact URL of the endpoint called @throws CallError 401 */
export type Authenticate = (authorization: string | undefined, endpoint: string) => Promise<Caller>;

/** Open mode, for sandboxes. Tokens are ignored. */
export function admitAnybody(client: Client, options?: EhrOptions): Authenticate {
  const caller = { client, ehr: connectEhr(client, options) };
  return async () => caller;
}

export type RegistrationOptions = Omit<EhrOptions, "watch"> & {
  readonly watchEhr?: (client: string) => EhrWatch;
  readonly log: Logger;
  /** Maximum token age, in seconds. */
  readonly maxAge: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Used tokens remembered per client, against replay. */
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
        log.warn({ client: name, maxTokens }, "the replay memory is full: dropping the token closest to expiry");
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
      if (!caller) throw new Error("no registration for an identified client");
      return caller;
    } catch (error) {
      throw error instanceof JwtRefusal ? toCallError(error) : error;
    }
  };
}

/** One code for all of these, so that a stranger cannot learn who is registered, or with which keys. */
const UNTRUSTED: ReadonlySet<JwtCheck> = new Set([
  "jwt-iss",
  "jwt-jku",
  "jwt-key",
  "jwt-keys-unavailable",
  "jwt-signature",
]);

function toCallError({ check, expected, received, client }: JwtRefusal): CallError {
  const code = UNTRUSTED.has(check) ? "jwt-untrusted" : check;
  const noToken = check === "jwt-scheme" && received === "none";
  const error = noToken ? "" : `, error="invalid_token", error_description="${code}"`;
  const challenge = `Bearer realm="cds-services"${error}`;
  return new CallError(401, "login", `${MESSAGES[code]} The service log says what was expected.`, {
    code,
    headers: { "WWW-Authenticate": challenge },
    note: { refused: { check, expected, received, client } },
  });
}

const MESSAGES: Record<string, string> = {
  "jwt-scheme": "Authorization must be Bearer with a signed JSON Web Token.",
  "jwt-shape": "The token is not a JSON Web Token that this service accepts.",
  "jwt-alg": "The token's alg is not registered for the client.",
  "jwt-typ": "The token's typ must be JWT.",
  "jwt-kid": "The token's kid must name the key.",
  "jwt-untrusted": "The token is not from a registered client.",
  "jwt-exp": "The token's exp is missing or past.",
  "jwt-iat": "The token's iat is missing, too old, or in the future.",
  "jwt-nbf": "The token's nbf is in the future.",
  "jwt-aud": "The token's aud is not the exact URL of this endpoint.",
  "jwt-jti": "The token's jti is missing or already used.",
  "jwt-sub": "The token's sub does not match the registration.",
  "jwt-tenant": "The token's tenant does not match the registration.",
};

/** The authenticated caller of this request. */
export function callerOf(response: Response): Caller {
  return response.locals.caller as Caller;
}

/** Express: authenticates every request, and logs the client's name. @param baseUrl public address of the service */
export function requireCaller(authenticate: Authenticate, baseUrl: string): RequestHandler {
  return async (request, response, next) => {
    const path = `${request.baseUrl}${request.path}`.replace(/\/+$/, "");
    const caller = await authenticate(request.get("authorization"), baseUrl + path);
    response.locals.caller = caller;
    noteForLog(response, { client: caller.client.name });
    next();
  };
}
