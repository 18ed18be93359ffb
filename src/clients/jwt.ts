// Identifies the client by its signed token: the checks of CDS Hooks, "Trusting CDS Clients", in its order. Each check
// has a stable code; docs/security.md lists them.
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from "jose";
import { plain } from "../policy/fhirpath/template.ts";
import { algorithms, type RegisteredClient } from "./clients-file.ts";
import { type Keys, KeysUnavailable, UnknownKey } from "./keys.ts";
import type { ReplayMemory } from "./replay.ts";

/** The code of every check. */
export const jwtChecks = [
  "jwt-scheme",
  "jwt-shape",
  "jwt-alg",
  "jwt-typ",
  "jwt-kid",
  "jwt-iss",
  "jwt-jku",
  "jwt-key",
  "jwt-keys-unavailable",
  "jwt-signature",
  "jwt-exp",
  "jwt-iat",
  "jwt-nbf",
  "jwt-aud",
  "jwt-jti",
  "jwt-sub",
  "jwt-tenant",
] as const;

export type JwtCheck = (typeof jwtChecks)[number];

/** A refused token. For the log: what was expected and what was received, never the token. */
export class JwtRefusal extends Error {
  readonly check: JwtCheck;
  readonly expected: string;
  readonly received: string;
  /** The client that the token claims to be from, possibly unverified. */
  readonly client: string | undefined;

  constructor(check: JwtCheck, expected: string, received: unknown, client?: RegisteredClient) {
    super(check);
    this.check = check;
    this.expected = expected;
    this.received = describe(received);
    this.client = client?.name;
  }
}

export type KnownClient = {
  readonly client: RegisteredClient;
  readonly keys: Keys;
  readonly replay: ReplayMemory;
};

export type Trust = {
  /** The client of an issuer, with its own keys and replay memory: no client can fill another's. */
  readonly find: (issuer: string) => KnownClient | undefined;
  /** Seconds. */
  readonly maxAge: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const MAX_TOKEN_LENGTH = 8192; // characters
const MAX_ID_LENGTH = 512; // of kid and jti
const SKEW = 60; // seconds that a client's clock may be ahead

/**
 * The client that signed the token.
 * @param authorization the header as received
 * @param endpoint the exact URL of the endpoint called
 * @throws JwtRefusal
 */
export async function identify(
  authorization: string | undefined,
  endpoint: string,
  { find, maxAge, now }: Trust,
): Promise<RegisteredClient> {
  const token = tokenOf(authorization);
  const { header, claims } = decode(token);
  const { alg, typ, kid, jku } = header;
  if (!isOneOf(alg, algorithms)) throw new JwtRefusal("jwt-alg", algorithms.join(", "), alg);
  if (typeof typ !== "string" || typ.toUpperCase() !== "JWT") throw new JwtRefusal("jwt-typ", "JWT", typ);
  if (!isId(kid)) throw new JwtRefusal("jwt-kid", "a key id", kid);

  const known = typeof claims.iss === "string" ? find(claims.iss) : undefined;
  if (!known) throw new JwtRefusal("jwt-iss", "the issuer of a registered client", claims.iss);
  const { client, keys, replay } = known;
  const refuse = (check: JwtCheck, expected: string, received: unknown) =>
    new JwtRefusal(check, expected, received, client);
  if (!isOneOf(alg, client.algorithms)) throw refuse("jwt-alg", client.algorithms.join(", "), alg);
  // jku is never fetched: it may only repeat the registered URL.
  if (client.jwksUrl && jku !== undefined && jku !== client.jwksUrl) throw refuse("jwt-jku", client.jwksUrl, jku);
  try {
    await compactVerify(token, await keys.find({ alg, kid }), { algorithms: [alg] });
  } catch (error) {
    if (error instanceof KeysUnavailable)
      throw refuse("jwt-keys-unavailable", "keys of the client", "none could be read");
    if (error instanceof UnknownKey) throw refuse("jwt-key", "a key of the client, for this algorithm", kid);
    throw refuse(
      "jwt-signature",
      "a signature by the key that kid names",
      error instanceof Error ? error.name : "unknown",
    );
  }

  const seconds = now() / 1000;
  const { exp, iat, nbf, aud, jti, sub, tenant } = claims;
  if (!isTime(exp) || exp <= seconds) throw refuse("jwt-exp", `after ${time(seconds)}`, time(exp));
  if (!isTime(iat) || iat > seconds + SKEW || iat < seconds - maxAge) {
    throw refuse("jwt-iat", `${time(seconds - maxAge)} to ${time(seconds + SKEW)}`, time(iat));
  }
  if (nbf !== undefined && !(isTime(nbf) && nbf <= seconds + SKEW)) {
    throw refuse("jwt-nbf", `before ${time(seconds + SKEW)}`, time(nbf));
  }
  const { audience } = client;
  const matchesAudience = [aud]
    .flat()
    .some((each) => (audience ? isOneOf(each, audience) : sameEndpoint(each, endpoint)));
  if (!matchesAudience) throw refuse("jwt-aud", (audience ?? [endpoint]).join(" or "), aud);
  if (!isId(jti)) throw refuse("jwt-jti", "a token id", jti);
  const expiry = Math.ceil(Math.min(exp, iat + maxAge));
  if (!replay.use(jti, expiry, Math.floor(seconds))) throw refuse("jwt-jti", "a new token", "a used one");
  if (client.subject !== undefined && sub !== client.subject) throw refuse("jwt-sub", client.subject, sub);
  if (client.tenants && !isOneOf(tenant, client.tenants)) throw refuse("jwt-tenant", client.tenants.join(", "), tenant);
  return client;
}

function tokenOf(authorization: string | undefined): string {
  const [scheme = "", token = "", ...more] = (authorization ?? "").trim().split(/ +/);
  // The header is not logged: it may hold a password, or the token itself.
  if (scheme.toLowerCase() !== "bearer")
    throw new JwtRefusal("jwt-scheme", "Bearer", authorization ? "another scheme" : "none");
  if (!token || more.length > 0)
    throw new JwtRefusal("jwt-shape", "one token", token ? `${more.length + 1} parts` : "none");
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new JwtRefusal("jwt-shape", `at most ${MAX_TOKEN_LENGTH} characters`, token.length);
  }
  return token;
}

function decode(token: string): { header: Record<string, unknown>; claims: JWTPayload } {
  try {
    const header = decodeProtectedHeader(token);
    if ("crit" in header) throw new JwtRefusal("jwt-shape", "no critical extensions", "crit");
    return { header: { ...header }, claims: decodeJwt(token) };
  } catch (error) {
    if (error instanceof JwtRefusal) throw error;
    throw new JwtRefusal("jwt-shape", "a JSON Web Token: header.claims.signature in base64url", "something else");
  }
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID_LENGTH;
}

function isOneOf<T extends string>(value: unknown, list: readonly T[]): value is T {
  return list.some((each) => each === value);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function time(value: unknown): string {
  const date = isTime(value) ? new Date(value * 1000) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : describe(value);
}

/** A discovery URL entered with a trailing slash leads to endpoints with a double or trailing slash. */
function sameEndpoint(audience: unknown, endpoint: string): boolean {
  return typeof audience === "string" && normalize(audience) === normalize(endpoint);
}

function normalize(url: string): string {
  return url.replace(/([^:])\/{2,}/g, "$1/").replace(/\/$/, "");
}

function describe(value: unknown): string {
  if (value === undefined) return "none";
  return plain(typeof value === "string" ? value : (JSON.stringify(value) ?? "")) || "nothing";
}
