// Signs requests with a demonstration key, for a service with registered clients. The key never leaves the page.

const ALGORITHMS = {
  ES256: [
    { name: "ECDSA", namedCurve: "P-256" },
    { name: "ECDSA", hash: "SHA-256" },
  ],
  ES384: [
    { name: "ECDSA", namedCurve: "P-384" },
    { name: "ECDSA", hash: "SHA-384" },
  ],
  RS256: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, { name: "RSASSA-PKCS1-v1_5" }],
  RS384: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" }, { name: "RSASSA-PKCS1-v1_5" }],
};

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const encode = (part) => base64url(new TextEncoder().encode(JSON.stringify(part)));

/**
 * @param demonstration {{ issuer: string, key: JsonWebKey & { kid?: string } }}
 * @param audience exact URL of the endpoint
 */
export async function signToken({ issuer, key }, audience) {
  const alg = key.alg ?? (key.crv === "P-256" ? "ES256" : key.kty === "RSA" ? "RS384" : "ES384");
  const [imported, signing] = ALGORITHMS[alg] ?? [];
  if (!imported) throw new Error(`the key's alg ${alg} is not one of ${Object.keys(ALGORITHMS).join(", ")}`);
  const { key_ops, use, ...jwk } = key;
  const privateKey = await crypto.subtle.importKey("jwk", jwk, imported, false, ["sign"]);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: audience, iat: now, exp: now + 300, jti: crypto.randomUUID() };
  const head = `${encode({ alg, kid: key.kid, typ: "JWT" })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(signing, privateKey, new TextEncoder().encode(head));
  return `${head}.${base64url(new Uint8Array(signature))}`;
}
