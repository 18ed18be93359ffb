// Starts the service with everything on: a SQLite file, metrics, rate limit, log, and clients that are registered where any are given.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BASE_URL } from "../../test/support/service.ts";
import { createSigner } from "../../test/support/tokens.ts";
import { freePort, type Server, type Sign, start } from "./start.ts";

/** @param algorithms by which clients sign, one each; none for open mode @param fhirServers that every client has */
export async function startService(
  algorithms: readonly string[] = [],
  fhirServers: readonly string[] = [],
): Promise<{ server: Server; sign: Record<string, Sign> }> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const issuerOf = (alg: string) => `https://${alg}.example`;
  const signers = await Promise.all(algorithms.map((alg) => createSigner(issuerOf(alg), alg)));
  const clients = signers.map(({ alg, publicKey }) => {
    return { name: alg, issuer: issuerOf(alg), jwks: { keys: [publicKey] }, fhirServers };
  });
  const file = join(folder, "clients.yaml");
  writeFileSync(file, JSON.stringify({ clients }));
  const server = await start("src/main.ts", {
    BASE_URL,
    CLIENTS_FILE: clients.length > 0 ? file : "",
    DATABASE_URL: process.env.DATABASE_URL ?? `sqlite:${join(folder, "cds.db")}`,
    LOG_LEVEL: "warn",
    METRICS_PORT: String(await freePort()),
    RATE_LIMIT: "1000000",
  });
  return { server, sign: Object.fromEntries(signers.map(({ alg, sign }) => [alg, () => sign()])) };
}
