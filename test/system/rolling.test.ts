// Three instances on one PostgreSQL behind a load balancer are renewed one by one under load: no call fails, no feedback is lost, and every
// instance shows the same report.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { openDatabase } from "../../src/store/open.ts";
import { call } from "../support/calls.ts";
import { type Databases, startPostgres } from "../support/databases.ts";
import { killAll, serve } from "../support/process.ts";
import type { Card } from "../support/service.ts";
import { createSigner, type Signer } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { type Balancer, startBalancer } from "./balancer.ts";

const BASE_URL = "https://cds.example.org";
const ISSUER = "https://ehr.example.org";
const ORDER_SIGN = `/cds-services/${SERVICE_ID}`;
const CALLERS = 6;

let postgres: Databases;
let balancer: Balancer;
let signer: Signer;
let folder: string;
beforeAll(async () => {
  [postgres, balancer, signer] = await Promise.all([startPostgres(), startBalancer(), createSigner(ISSUER)]);
  folder = mkdtempSync(join(tmpdir(), "rolling-"));
});
afterAll(async () => {
  killAll();
  await balancer.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

async function send(to: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const token = await signer.sign({ aud: BASE_URL + path });
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = await fetch(to + path, {
    headers,
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Orders, and overrides the card, until told to end. @returns the cards whose feedback was answered 200, and every other answer */
async function prescribe(isOver: () => boolean): Promise<{ kept: string[]; failed: unknown[] }> {
  const kept: string[] = [];
  const failed: unknown[] = [];
  while (!isOver()) {
    try {
      const order = await send(balancer.url, ORDER_SIGN, call());
      const [card] = order.status === 200 ? (JSON.parse(order.text) as { cards: Card[] }).cards : [];
      if (card === undefined) failed.push(order);
      else {
        const outcome = { card: card.uuid, outcome: "overridden", outcomeTimestamp: new Date().toISOString() };
        const feedback = await send(balancer.url, `${ORDER_SIGN}/feedback`, { feedback: [outcome] });
        if (feedback.status === 200) kept.push(card.uuid);
        else failed.push(feedback);
      }
    } catch (error) {
      failed.push(error);
    }
  }
  return { kept, failed };
}

async function feedbackIn(databaseUrl: string): Promise<string[]> {
  const database = openDatabase(databaseUrl);
  const [rows = []] = await database.run([{ sql: "SELECT card FROM feedback ORDER BY card" }]);
  await database.close();
  return rows.map(({ card }) => String(card));
}

test("renewed one by one under load: no failed call, no lost feedback, one report", async () => {
  const DATABASE_URL = await postgres.create();
  const CLIENTS_FILE = join(folder, "clients.yaml");
  const client = { name: "example-health", issuer: ISSUER, jwks: { keys: [signer.publicKey] }, insights: true };
  writeFileSync(CLIENTS_FILE, JSON.stringify({ clients: [client] }));
  // One client makes all calls, as fast as it can.
  const unlimited = { RATE_LIMIT: "0" };
  const settings = {
    NODE_ENV: "production",
    BASE_URL,
    CLIENTS_FILE,
    DATABASE_URL,
    DRAIN_DELAY_MS: "500",
    ...unlimited,
  };
  const startOne = async () => {
    const instance = await serve(settings);
    balancer.add(instance.url);
    return instance;
  };
  /** Under load, an instance that is ready gets calls. */
  const isUsed = (url: string) => until(() => balancer.answeredBy(url) > 0);

  const old = await Promise.all([startOne(), startOne(), startOne()]);
  await until(async () => (await fetch(`${balancer.url}/health/live`)).ok);
  let isOver = false;
  const callers = Array.from({ length: CALLERS }, () => prescribe(() => isOver));
  await Promise.all(old.map(({ url }) => isUsed(url)));
  const renewed: string[] = [];
  for (const { url, child, exit, output } of old) {
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    expect(output()).not.toContain("requests in progress were cut");
    balancer.remove(url);
    const next = await startOne();
    await isUsed(next.url);
    renewed.push(next.url);
  }
  isOver = true;
  const results = await Promise.all(callers);

  expect(results.flatMap(({ failed }) => failed)).toEqual([]);
  const kept = results.flatMap((result) => result.kept).sort();
  expect(await feedbackIn(DATABASE_URL)).toEqual(kept);

  const reports = async () =>
    Promise.all(renewed.map(async (url) => JSON.parse((await send(url, "/insights")).text) as { cards: number }));
  // The decision log is written after the answer.
  await until(async () => (await reports()).every(({ cards }) => cards === kept.length));
  const [first, ...others] = await reports();
  expect(first).toMatchObject({ cards: kept.length, overridden: kept.length, ignored: 0, unknown: { overridden: 0 } });
  expect(others).toEqual([first, first]);
});
