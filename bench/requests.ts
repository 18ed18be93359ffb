// What a request costs, beside a bare Express and a raw node:http that parse the same body and answer with a constant: CPU of all threads
// of the server. The servers take turns in each round, so that what else the machine does meets all of them alike; medians count.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createSigner } from "../test/support/tokens.ts";
import { median, writeHeader, writeHeading, writeRow } from "./measure.ts";
import { callOf, DRUG, type Naming, OTHER_DRUG, type Size } from "./patients.ts";
import { type Server, start } from "./servers/start.ts";

const ROUNDS = 7;
/** Requests in a round, and before the first: until V8 has optimized what it will. */
const REQUESTS: Readonly<Record<Size, number>> = { small: 600, medium: 200, large: 12 };
const WARM_UP: Readonly<Record<Size, number>> = { small: 4_000, medium: 1_000, large: 20 };
const PORT = 3990;
const BASE_URL = "http://127.0.0.1:3000";

const folder = mkdtempSync(join(tmpdir(), "bench-"));
const issuerOf = (alg: string) => `https://${alg}.example`;
const signers = await Promise.all(["RS384", "ES384"].map((alg) => createSigner(issuerOf(alg), alg)));
const clients = signers.map(({ alg, publicKey }) => {
  return { name: alg, issuer: issuerOf(alg), jwks: { keys: [publicKey] } };
});
writeFileSync(join(folder, "clients.yaml"), JSON.stringify({ clients }));

/** The service with everything on: store, metrics, rate limit, log. */
const startService = (name: string, port: number, clientsFile = "") =>
  start("src/main.ts", port, {
    BASE_URL,
    CLIENTS_FILE: clientsFile,
    DATABASE_URL: `sqlite:${join(folder, `${name}.db`)}`,
    LOG_LEVEL: "warn",
    METRICS_PORT: String(port + 100),
    RATE_LIMIT: "1000000",
  });
const express = await start("bench/servers/bare-express.ts", PORT);
const raw = await start("bench/servers/raw-http.ts", PORT + 1);
const open = await startService("open", PORT + 2);
const registered = await startService("registered", PORT + 3, join(folder, "clients.yaml"));

type Column = { readonly name: string; readonly size: Size; readonly naming: Naming };
const columns: readonly Column[] = [
  { name: "small, 3 KB", size: "small", naming: "plain" },
  { name: "medium, 63 KB", size: "medium", naming: "plain" },
  { name: "large, 2.3 MB", size: "large", naming: "plain" },
  { name: "large, wide characters", size: "large", naming: "one record in 40 with a wide character" },
  { name: "large, known words", size: "large", naming: "every drug by a known word" },
];

type Subject = { readonly server: Server; readonly body: Buffer; readonly sign?: () => Promise<string> };

/** Milliseconds, by what was measured. */
async function measure({ size, naming }: Column): Promise<Record<string, number>> {
  const body = Buffer.from(JSON.stringify(callOf(size, DRUG, { naming })));
  const other = Buffer.from(JSON.stringify(callOf(size, OTHER_DRUG, { naming })));
  const subjects: Record<string, Subject> = {
    "bare Express": { server: express, body },
    "raw node:http": { server: raw, body },
    "the service, a card": { server: open, body },
    "the service, no policy applies": { server: open, body: other },
  };
  for (const { alg, sign } of size === "small" ? signers : []) {
    subjects[`the service, a card, ${alg}`] = { server: registered, body, sign: () => sign() };
  }
  for (const [name, { server, body, sign }] of Object.entries(subjects)) {
    const { cards } = JSON.parse(await server.answer(body, sign)) as { cards: unknown[] };
    if (cards.length !== (name.includes("a card") ? 1 : 0)) throw new Error(`${name}: ${cards.length} cards`);
    await server.cpuOf(body, sign ? REQUESTS[size] : WARM_UP[size], sign);
  }
  const costs: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, { server, body, sign }] of Object.entries(subjects)) {
      costs[name] = [...(costs[name] ?? []), await server.cpuOf(body, REQUESTS[size], sign)];
    }
  }
  return Object.fromEntries(Object.entries(costs).map(([name, each]) => [name, median(each)]));
}

const measured: Record<string, number>[] = [];
for (const column of columns) measured.push(await measure(column));
for (const server of [express, raw, open, registered]) server.stop();
rmSync(folder, { recursive: true });

process.stdout.write(`${cpus().length} cores, Node ${process.version}\n\n`);
writeHeader();
writeHeading("CPU for one request, ms", ...columns.map(({ name }) => name));
for (const name of Object.keys(measured[0] ?? {})) writeRow(name, ...measured.map((costs) => costs[name]));
for (const name of ["the service, a card", "the service, no policy applies"]) {
  writeRow(`bare Express / ${name}`, ...measured.map((costs) => (costs["bare Express"] ?? 0) / (costs[name] ?? 0)));
}
