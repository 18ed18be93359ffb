// Clients with real keys, made in the test, and the tokens that they sign.
import { randomUUID } from "node:crypto";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import type { RegisteredClient } from "../../src/clients/clients-file.ts";
import { BASE_URL } from "./service.ts";

export const ORDER_SIGN = `${BASE_URL}/cds-services/${SERVICE_ID}`;

export type Signer = {
  readonly kid: string;
  readonly alg: string;
  readonly publicKey: JWK;
  readonly privateKey: CryptoKey;
  /** A token with these claims and header members in place of what a good one has; `undefined` leaves one out. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
};

export async function createSigner(issuer: string, alg = "ES384", kid: string = randomUUID()): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  return {
    kid,
    alg,
    publicKey: jwk,
    privateKey,
    sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const good = { iss: issuer, aud: ORDER_SIGN, exp: now + 300, iat: now, jti: randomUUID() };
      // Left out of the JSON where undefined.
      const token = new SignJWT({ ...good, ...claims });
      return token.setProtectedHeader({ alg, kid, typ: "JWT", ...header }).sign(privateKey);
    },
  };
}

/** A client as the clients file would register it, by default with its keys inline. */
export function registered(
  issuer: string,
  keys: readonly JWK[],
  parts: Partial<RegisteredClient> = {},
): RegisteredClient {
  return {
    name: new URL(issuer).hostname,
    issuer,
    keys: { kind: "inline", keys: { keys } },
    jwksUrl: undefined,
    algorithms: ["ES384", "RS384"],
    fhirServers: [],
    privateNetwork: false,
    replacement: "update",
    dialect: "standard",
    insights: false,
    audience: undefined,
    subject: undefined,
    tenants: undefined,
    demonstration: false,
    ...parts,
  };
}

/** The parts of a token, to be changed and put together again. */
export const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url");
