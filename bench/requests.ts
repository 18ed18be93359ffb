// What a request costs, beside a bare Express and a raw node:http that parse the same body and answer with a constant: CPU of all threads
// of the server. The servers take turns in each round, so that what else the machine does meets all of them alike; medians count.
import { cpus } from "node:os";
import { median, writeHeader, writeRow } from "./measure.ts";
import { callOf, DRUG, type Naming, OTHER_DRUG, type Size } from "./patients.ts";
import { startService } from "./servers/service.ts";
import { type Server, type Sign, start } from "./servers/start.ts";

const ROUNDS = 7;
/** Requests in a round, and before the first: until V8 has optimized what it will. */
const REQUESTS: Readonly<Record<Size, number>> = { small: 600, medium: 200, large: 12 };
const WARM_UP: Readonly<Record<Size, number>> = { small: 4_000, medium: 1_000, large: 20 };

const express = await start("bench/servers/bare-express.ts");
const raw = await start("bench/servers/raw-http.ts");
const { server: open } = await startService();
const { server: registered, sign } = await startService(["RS384", "ES384"]);

const columns: readonly (readonly [name: string, size: Size, naming: Naming])[] = [
  ["small, 3 KB", "small", "plain"],
  ["medium, 63 KB", "medium", "plain"],
  ["large, 2.3 MB", "large", "plain"],
  ["large, wide characters", "large", "one record in 40 with a wide character"],
  ["large, known words", "large", "every drug by a known word"],
];

type Subject = { readonly server: Server; readonly body: Buffer; readonly cards: number; readonly sign?: Sign };

/** Milliseconds, by what was measured. */
async function measure(size: Size, naming: Naming): Promise<Record<string, number>> {
  const bodyOf = (drug: typeof DRUG) => Buffer.from(JSON.stringify(callOf(size, drug, { naming })));
  const body = bodyOf(DRUG);
  const subjects: Record<string, Subject> = {
    "bare Express": { server: express, body, cards: 0 },
    "raw node:http": { server: raw, body, cards: 0 },
    "the service, a card": { server: open, body, cards: 1 },
    "the service, no policy applies": { server: open, body: bodyOf(OTHER_DRUG), cards: 0 },
  };
  for (const [alg, each] of size === "small" ? Object.entries(sign) : []) {
    subjects[`the service, a card, ${alg}`] = { server: registered, body, cards: 1, sign: each };
  }
  const costs: Record<string, number[]> = {};
  for (const [name, { server, body, cards, sign }] of Object.entries(subjects)) {
    const { text } = await server.send(body, await sign?.());
    if (JSON.parse(text).cards?.length !== cards) throw new Error(`${name}: ${text}`);
    await server.cpuOf(body, WARM_UP[size], sign);
    costs[name] = [];
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, { server, body, sign }] of Object.entries(subjects)) {
      costs[name]?.push(await server.cpuOf(body, REQUESTS[size], sign));
    }
  }
  return Object.fromEntries(Object.entries(costs).map(([name, each]) => [name, median(each)]));
}

const measured: Record<string, number>[] = [];
for (const [, size, naming] of columns) measured.push(await measure(size, naming));
for (const server of [express, raw, open, registered]) server.stop();

process.stdout.write(`${cpus().length} cores, Node ${process.version}\n\n`);
writeHeader("CPU of one request, ms", ...columns.map(([name]) => name));
for (const name of Object.keys(measured[0] ?? {})) writeRow(name, ...measured.map((costs) => costs[name]));
for (const name of ["the service, a card", "the service, no policy applies"]) {
  writeRow(`bare Express / ${name}`, ...measured.map((costs) => (costs["bare Express"] ?? NaN) / (costs[name] ?? NaN)));
}
