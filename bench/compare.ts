// What a call costs, beside a bare Express and a raw node:http that parse the same body and answer a constant: `npm run bench`. The servers
// alternate in each round, so that what else the machine does meets all of them alike; medians of the rounds.
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { compareWithCql } from "./cql/compare.ts";
import type { Load, Sent } from "./load-generator.ts";
import { timeByRecords, timeToCard } from "./parsed-to-card.ts";
import { callOf, DRUG, OTHER_DRUG, type Size } from "./patients.ts";
import { plotByRecords } from "./plot.ts";
import type { Used } from "./servers/child.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    json: { type: "string", default: "bench.json" },
    svg: { type: "string", default: "bench.svg" },
  },
});
const ROUNDS = Number(values.rounds);
const SIZES = ["small", "medium", "large"] as const;
/** Calls in a round: about a second of the slowest. */
const CALLS: Readonly<Record<Size, number>> = { small: 1_500, medium: 700, large: 40 };
const CONNECTIONS = 8;

type Subject = { readonly name: string; readonly child: ChildProcess; readonly port: number };

async function start(name: string, module: string, env: Record<string, string> = {}): Promise<Subject> {
  const child = fork(new URL(module, import.meta.url), { execArgv: ["--expose-gc"], env: { ...process.env, ...env } });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { name, child, port };
}
async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  child.send(message);
  const [answer] = (await once(child, "message")) as [T];
  return answer;
}
const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const ISSUER = "https://bench.example.org";
const AUDIENCE = "http://127.0.0.1:3000/cds-services/preferred-product-order-sign";
const pairs = { ES384: await generateKeyPair("ES384"), RS384: await generateKeyPair("RS384") };
const keys = await Promise.all(
  Object.entries(pairs).map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
);
const clientsFile = join(mkdtempSync(join(tmpdir(), "bench-")), "clients.yaml");
writeFileSync(clientsFile, JSON.stringify({ clients: [{ name: "bench", issuer: ISSUER, jwks: { keys } }] }));

function sign(alg: "ES384" | "RS384"): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: AUDIENCE, iat, exp: iat + 800, jti: randomUUID() };
  return new SignJWT(claims).setProtectedHeader({ alg, kid: alg, typ: "JWT" }).sign(pairs[alg].privateKey);
}

const express = await start("bare Express", "./servers/bare-express.ts");
const raw = await start("raw node:http", "./servers/raw-http.ts");
const ours = await start("the service", "./servers/service.ts");
const signed = await start("the service, signed", "./servers/service.ts", { CLIENTS_FILE: clientsFile });
const generator = fork(new URL("./load-generator.ts", import.meta.url));

/** CPU of a call in milliseconds, all threads of the server. */
async function cpuOf({ child, port, name }: Subject, body: string, calls: number, tokens?: string[]): Promise<number> {
  const before = await ask<Used>(child, {});
  const load: Load = { port, body, calls, connections: CONNECTIONS, ...(tokens && { tokens }) };
  const { failures } = await ask<Sent>(generator, load);
  if (failures.length > 0) throw new Error(`${name}: ${failures.length} calls failed: ${failures[0]}`);
  const after = await ask<Used>(child, {});
  return ((after.cpu - before.cpu) / calls) * 1000;
}

type Measured = Record<string, number>;
const results: Record<Size, Measured> = { small: {}, medium: {}, large: {} };
for (const size of SIZES) {
  const body = JSON.stringify(callOf(size, DRUG));
  const other = JSON.stringify(callOf(size, OTHER_DRUG));
  const wide = JSON.stringify(callOf(size, DRUG)).replace("with a meal", "with a meal \u0141");
  const calls = CALLS[size];
  const series: Record<string, number[]> = {};
  const take = async (name: string, cost: Promise<number>) => {
    series[name] = [...(series[name] ?? []), await cost];
  };
  for (let round = 0; round <= ROUNDS; round += 1) {
    if (round === 1) for (const name of Object.keys(series)) series[name] = []; // the first round warms up
    await take("express", cpuOf(express, body, calls));
    await take("ours", cpuOf(ours, body, calls));
    await take("raw", cpuOf(raw, body, calls));
    await take("ours, no policy", cpuOf(ours, other, calls));
    await take("ours, wide", cpuOf(ours, wide, calls));
    if (size === "small") {
      for (const alg of ["RS384", "ES384"] as const) {
        const tokens = await Promise.all(Array.from({ length: calls }, () => sign(alg)));
        await take(`ours, ${alg}`, cpuOf(signed, body, calls, tokens));
      }
    }
  }
  results[size] = {
    ...Object.fromEntries(Object.entries(series).map(([name, costs]) => [name, median(costs)])),
    ...(await timeToCard(size)),
    bytes: body.length,
  };
}

const cql = await compareWithCql({ rounds: ROUNDS });
const byRecords = await timeByRecords();

/** `wanted` is the least ratio, or the most where it says so. */
type Cell = {
  readonly name: string;
  readonly size: Size;
  readonly ratio: number;
  readonly wanted: number;
  readonly most?: boolean;
};
const cells: Cell[] = SIZES.flatMap((size) => {
  const cost = (name: string) => results[size][name] ?? Number.NaN;
  const wanted = { small: [0.75, 0.4, 1.0], medium: [1.0, 0.7, 1.1], large: [1.6, 0.7, 1.8] }[size];
  const rows: [string, number, number | undefined][] = [
    ["bare Express / ours", cost("express") / cost("ours"), wanted[0]],
    ["raw node:http / ours", cost("raw") / cost("ours"), wanted[1]],
    ["bare Express / ours, an order of no policy", cost("express") / cost("ours, no policy"), wanted[2]],
    ["ours / ours with one wide character", cost("ours") / cost("ours, wide"), 0.85],
    ["open mode / RS384", size === "small" ? cost("ours") / cost("ours, RS384") : Number.NaN, 0.6],
    ["open mode / ES384", size === "small" ? cost("ours") / cost("ours, ES384") : Number.NaN, 0.2],
  ];
  return rows
    .filter(([, ratio]) => !Number.isNaN(ratio))
    .map(([name, ratio, least]): Cell => ({ name, size, ratio, wanted: least ?? 0 }))
    .concat(
      {
        ...{ name: "parsed body to card / JSON.parse", size, ratio: cost("card") / cost("parse"), most: true },
        wanted: { small: 3, medium: 0.25, large: 0.08 }[size],
      },
      {
        ...{ name: "CQL / ours, chart reading included", size, ratio: cql[size].ratio },
        wanted: { small: 80, medium: 250, large: 1_000 }[size],
      },
      { name: "CQL behind our selection / ours", size, ratio: cql[size].ratioBehindSelection, wanted: 0 },
    );
});

process.stdout.write(
  `CPU of a call in milliseconds (all threads), medians of ${ROUNDS} rounds; ${cpus().length} cores, Node ${process.version}\n\n`,
);
for (const size of SIZES) {
  const costs = Object.entries(results[size]).map(
    ([name, cost]) => `${name} ${name === "bytes" ? cost : cost.toFixed(3)}`,
  );
  process.stdout.write(`${size.padEnd(7)} ${costs.join("  ")}\n`);
}
process.stdout.write("\n");
for (const { name, size, ratio, wanted, most } of cells) {
  const isReached = most ? ratio <= wanted : ratio >= wanted;
  const verdict =
    wanted === 0 ? "" : `wanted ${most ? "<=" : ">="} ${wanted}  ${isReached ? "reached" : "NOT REACHED"}`;
  process.stdout.write(`${name.padEnd(44)} ${size.padEnd(7)} ${ratio.toFixed(2).padStart(8)}  ${verdict}\n`);
}
const memory = { express: (await ask<Used>(express.child, {})).memory, ours: (await ask<Used>(ours.child, {})).memory };
process.stdout.write(
  `\nresident memory after a forced collection: ours ${memory.ours.toFixed(0)} MB, bare Express ${memory.express.toFixed(0)} MB, ${(memory.ours / memory.express).toFixed(2)} times\n`,
);
const measured = { results, cells, memory, cql, byRecords };
writeFileSync(values.json, `${JSON.stringify(measured, null, 2)}\n`);
writeFileSync(values.svg, plotByRecords(byRecords));
process.stdout.write(`written: ${values.json}, ${values.svg}\n`);
for (const { child } of [express, raw, ours, signed]) child.disconnect();
generator.disconnect();
