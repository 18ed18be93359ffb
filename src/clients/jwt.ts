// Finds out who calls, from the signed token of the call: the checks of CDS Hooks, "Trusting CDS Clients", in its order. Each
// check has a code of its own that stays the same; docs/security.md lists them.
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from "jose";
import { plain } from "../policy/fhirpath/template.ts";
import { algorithms, type RegisteredClient } from "./clients-file.ts";
import { type Keys, KeysUnavailable, UnknownKey } from "./keys.ts";
import type { ReplayMemory } from "./replay.ts";

/** Every check, by its code. */
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

/** A token that is refused. For the log: what was expected and what came; never the token. */
export class JwtRefusal extends Error {
  readonly check: JwtCheck;
  readonly expected: string;
  readonly came: string;
  /** The client that the token names; known does not mean proven. */
  readonly client: string | undefined;

  constructor(check: JwtCheck, expected: string, came: unknown, client?: RegisteredClient) {
    super(check);
    this.check = check;
    this.expected = expected;
    this.came = describe(came);
    this.client = client?.name;
  }
}

export type KnownClient = {
  readonly client: RegisteredClient;
  readonly keys: Keys;
  readonly replay: ReplayMemory;
};

export type Trust = {
  /** The client of an issuer, with its keys and the tokens that it has used: no client can fill another's memory. */
  readonly find: (issuer: string) => KnownClient | undefined;
  /** Seconds. */
  readonly maxAge: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const MAX_TOKEN_LENGTH = 8192; // characters
const MAX_ID_LENGTH = 512; // of kid and jti
const SKEW = 60; // seconds by which a client's clock may be ahead

/**
 * The client whose token this is.
 * @param authorization the header, as it came
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
  if (!isId(kid)) throw new JwtRefusal("jwt-kid", "the name of a key", kid);

  const known = typeof claims.iss === "string" ? find(claims.iss) : undefined;
  if (!known) throw new JwtRefusal("jwt-iss", "the issuer of a registered client", claims.iss);
  const { client, keys, replay } = known;
  const refuse = (check: JwtCheck, expected: string, came: unknown) => new JwtRefusal(check, expected, came, client);
  if (!isOneOf(alg, client.algorithms)) throw refuse("jwt-alg", client.algorithms.join(", "), alg);
  // Never fetched from the header: it may only repeat what is registered.
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
      error instanceof Error ? error.name : "another",
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
  const isMeant = [aud].flat().some((each) => (audience ? isOneOf(each, audience) : sameEndpoint(each, endpoint)));
  if (!isMeant) throw refuse("jwt-aud", (audience ?? [endpoint]).join(" or "), aud);
  if (!isId(jti)) throw refuse("jwt-jti", "the name of this token", jti);
  const end = Math.ceil(Math.min(exp, iat + maxAge));
  if (!replay.use(jti, end, Math.floor(seconds))) throw refuse("jwt-jti", "a new token", "a used one");
  if (client.subject !== undefined && sub !== client.subject) throw refuse("jwt-sub", client.subject, sub);
  if (client.tenants && !isOneOf(tenant, client.tenants)) throw refuse("jwt-tenant", client.tenants.join(", "), tenant);
  return client;
}

function tokenOf(authorization: string | undefined): string {
  const [scheme = "", token = "", ...more] = (authorization ?? "").trim().split(/ +/);
  // What came is not told: it may be a password, or the token itself.
  if (scheme.toLowerCase() !== "bearer")
    throw new JwtRefusal("jwt-scheme", "Bearer", authorization ? "another" : "none");
  if (!token || more.length > 0) throw new JwtRefusal("jwt-shape", "one token", `${more.length} more words`);
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new JwtRefusal("jwt-shape", `at most ${MAX_TOKEN_LENGTH} characters`, token.length);
  }
  return token;
}

function decode(token: string): { header: Record<string, unknown>; claims: JWTPayload } {
  try {
    const header = decodeProtectedHeader(token);
    if ("crit" in header) throw new JwtRefusal("jwt-shape", "no critical extension", "crit");
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

/** A discovery URL typed with a slash at its end leads to endpoints with two, or with one at the end. */
function sameEndpoint(audience: unknown, endpoint: string): boolean {
  return typeof audience === "string" && tidy(audience) === tidy(endpoint);
}

function tidy(url: string): string {
  return url.replace(/([^:])\/{2,}/g, "$1/").replace(/\/$/, "");
}

function describe(value: unknown): string {
  if (value === undefined) return "none";
  return plain(typeof value === "string" ? value : (JSON.stringify(value) ?? "")) || "nothing";
}
