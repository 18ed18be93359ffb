// Plays a client for a try: makes keys, and signs the tokens that CDS Hooks asks for. Never for a client in production.
//   node docs/examples/play-client.mjs key <file>                     a new private key (ES384) in that file
//   node docs/examples/play-client.mjs keys <file>...                 prints the key set with their public halves
//   node docs/examples/play-client.mjs token <file> <issuer> <url>    prints a token for that endpoint, for one use
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";

const [what, file, ...words] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));

if (what === "key") {
  const { privateKey } = await generateKeyPair("ES384", { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: "ES384", use: "sig" };
  writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
} else if (what === "keys") {
  const keys = [file, ...words].map(read).map(({ d, ...publicHalf }) => publicHalf);
  console.log(JSON.stringify({ keys }, null, 2));
} else if (what === "token") {
  const [issuer, url] = words;
  const key = read(file);
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ iss: issuer, aud: url, iat: now, exp: now + 300, jti: randomUUID() });
  console.log(await token.setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT" }).sign(await importJWK(key)));
} else {
  console.error("key <file> | keys <file>... | token <file> <issuer> <url>");
  process.exitCode = 1;
}
