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
import { compareFeedback } from "./feedback.ts";
import { timeToFirstAnswer } from "./first-answer.ts";
import type { Load, Sent } from "./load-generator.ts";
import { timeByRecords, timeToCard } from "./parsed-to-card.ts";
import { callOf, DRUG, OTHER_DRUG, type Size } from "./patients.ts";
import { plotByRecords } from "./plot.ts";
import type { Question, Used } from "./servers/child.ts";
import { type Cell, writeCells } from "./verdicts.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    json: { type: "string", default: "bench.json" },
    svg: { type: "string", default: "bench.svg" },
  },
});
const ROUNDS = Number(values.rounds);
const SIZES = ["small", "medium", "large"] as const;
/** Calls in a round: about half a second of the slowest. */
const CALLS: Readonly<Record<Size, number>> = { small: 1_000, medium: 400, large: 25 };
/** Calls before the first round: until V8 has optimised what it will. */
const WARM_UP: Readonly<Record<Size, number>> = { small: 5_000, medium: 1_000, large: 30 };
const CONNECTIONS = 8;
/** Calls over which memory is watched. */
const MANY = 100_000;
const PARTS = 5;

type Subject = { readonly name: string; readonly child: ChildProcess; readonly port: number };

async function start(name: string, module: string, env: Record<string, string> = {}): Promise<Subject> {
  const child = fork(new URL(module, import.meta.url), { execArgv: ["--expose-gc"], env: { ...process.env, ...env } });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { name, child, port };
}
async function ask<T>(child: ChildProcess, message: Question | Load): Promise<T> {
  child.send(message);
  const [answer] = (await once(child, "message")) as [T];
  return answer;
}
async function load(name: string, calls: Load): Promise<void> {
  const { failures } = await ask<Sent>(generator, calls);
  if (failures.length > 0) throw new Error(`${name}: ${failures.length} calls failed: ${failures[0]}`);
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
const oneBuffer = await start("Express, one buffer", "./servers/express-one-buffer.ts");
const raw = await start("raw node:http", "./servers/raw-http.ts");
const ours = await start("the service", "./servers/service.ts");
const signed = await start("the service, signed", "./servers/service.ts", { CLIENTS_FILE: clientsFile });
const generator = fork(new URL("./load-generator.ts", import.meta.url));

/** CPU of a call in milliseconds, all threads of the server. */
async function cpuOf({ child, port, name }: Subject, body: string, calls: number, tokens?: string[]): Promise<number> {
  const before = await ask<Used>(child, {});
  await load(name, { port, bodies: [body], calls, connections: CONNECTIONS, ...(tokens && { tokens }) });
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
  for (const subject of [express, oneBuffer, ours, raw]) await cpuOf(subject, body, WARM_UP[size]);
  await cpuOf(ours, other, WARM_UP[size] / 5);
  for (let round = 0; round < ROUNDS; round += 1) {
    await take("express", cpuOf(express, body, calls));
    await take("one buffer", cpuOf(oneBuffer, body, calls));
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

/** The longest that the event loop did nothing else, in milliseconds, while large calls arrived among small ones. */
async function stallOf({ name, child, port }: Subject): Promise<number> {
  const [small, beside] = [JSON.stringify(callOf("small", DRUG)), JSON.stringify(callOf("large", DRUG))];
  await ask<Used>(child, { watch: true });
  await load(name, { port, bodies: [small], calls: 1_000, connections: CONNECTIONS, beside });
  return (await ask<Used>(child, {})).stall;
}
const stalls: { express: number[]; ours: number[] } = { express: [], ours: [] };
for (let round = 0; round < ROUNDS; round += 1) {
  stalls.express.push(await stallOf(express));
  stalls.ours.push(await stallOf(ours));
}
const stall = { express: median(stalls.express), ours: median(stalls.ours) };

/** Resident MB after a forced collection: of both after the same calls, and of ours as many more go by. */
const memoryOf = async ({ child }: Subject) => (await ask<Used>(child, { collect: true })).memory;
const memory = { express: await memoryOf(express), ours: await memoryOf(ours) };
const overCalls: number[] = [];
for (let part = 0; part < PARTS; part += 1) {
  const bodies = [JSON.stringify(callOf("small", DRUG, part)), JSON.stringify(callOf("small", OTHER_DRUG, part))];
  await load(ours.name, { port: ours.port, bodies, calls: MANY / PARTS, connections: CONNECTIONS });
  overCalls.push(await memoryOf(ours));
}
for (const { child } of [express, oneBuffer, ours, signed, raw]) child.disconnect();
generator.disconnect();

const firstAnswer = median(await timeToFirstAnswer(3));
const feedback = await compareFeedback(3);

const cells: Cell[] = SIZES.flatMap((size) => {
  const cost = (name: string) => results[size][name] ?? Number.NaN;
  const wanted = {
    small: { express: 0.75, raw: 0.4, none: 1.0, card: 3, cql: 80 },
    medium: { express: 1.0, raw: 0.7, none: 1.1, card: 0.25, cql: 250 },
    large: { express: 1.6, raw: 0.7, none: 1.8, card: 0.08, cql: 1_000 },
  }[size];
  const { ratio, ratioBehindSelection } = cql[size];
  return [
    { name: "bare Express / Express that reads into one buffer", size, value: cost("express") / cost("one buffer") },
    { name: "bare Express / ours", size, value: cost("express") / cost("ours"), least: wanted.express },
    { name: "raw node:http / ours", size, value: cost("raw") / cost("ours"), least: wanted.raw },
    {
      name: "bare Express / ours, no policy",
      size,
      value: cost("express") / cost("ours, no policy"),
      least: wanted.none,
    },
    { name: "ours / with one wide character", size, value: cost("ours") / cost("ours, wide"), least: 0.85 },
    { name: "parsed body to card / JSON.parse", size, value: cost("card") / cost("parse"), most: wanted.card },
    { name: "CQL / ours, reading included", size, value: ratio, least: wanted.cql },
    { name: "CQL / our decision, both on what is selected", size, value: ratioBehindSelection },
    { name: "open mode / RS384", size, value: cost("ours") / cost("ours, RS384"), least: 0.6 },
    { name: "open mode / ES384", size, value: cost("ours") / cost("ours, ES384"), least: 0.2 },
  ].filter(({ value }) => !Number.isNaN(value));
});
cells.push(
  { name: "first card after the start, ms", value: firstAnswer, most: 1_000 },
  { name: "resident memory / bare Express", value: memory.ours / memory.express, most: 1.8 },
  { name: "longest stall / bare Express", value: stall.ours / stall.express, most: 1 },
  {
    name: "memory after 100,000 more calls / after 20,000",
    value: (overCalls.at(-1) ?? 0) / (overCalls[0] ?? 0),
    most: 1.05,
  },
  { name: "feedback rows a second / the same INSERT alone", value: feedback.service / feedback.peer, least: 0.8 },
);

const write = (line: string) => process.stdout.write(`${line}\n`);
const fixed = (numbers: readonly number[], digits: number) => numbers.map((each) => each.toFixed(digits)).join(", ");
write(
  `CPU of a call in milliseconds (all threads), medians of ${ROUNDS} rounds; ${cpus().length} cores, Node ${process.version}`,
);
for (const size of SIZES) {
  const costs = Object.entries(results[size]).map(
    ([name, cost]) => `${name} ${cost.toFixed(name === "bytes" ? 0 : 3)}`,
  );
  write(`${size.padEnd(7)} ${costs.join("  ")}`);
}
write(`stalls, ms: bare Express ${fixed(stalls.express, 0)}; ours ${fixed(stalls.ours, 0)}`);
write(
  `memory, MB: bare Express ${memory.express.toFixed(0)}, ours ${memory.ours.toFixed(0)}; over 100,000 more calls ${fixed(overCalls, 0)}`,
);
write(
  `feedback, rows a second: ours ${feedback.service.toFixed(0)}, the same INSERT alone ${feedback.peer.toFixed(0)}\n`,
);
writeCells(cells);
const measured = { results, cells, stalls, memory, overCalls, firstAnswer, feedback, cql, byRecords };
writeFileSync(values.json, `${JSON.stringify(measured, null, 2)}\n`);
writeFileSync(values.svg, plotByRecords(byRecords));
write(`written: ${values.json}, ${values.svg}`);
