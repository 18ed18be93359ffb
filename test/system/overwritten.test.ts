// Another file is copied over the service's SQLite file while it runs: what is answered as kept is in the file that is there then, or refused.
import { randomUUID } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { pino } from "pino";
import type { Feedback } from "../../src/cds-hooks/feedback.ts";
import type { IssuedCard } from "../../src/store/decision-log.ts";
import { openDatabase } from "../../src/store/open.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { type Databases, databases } from "../support/databases.ts";
import { until } from "../support/until.ts";

let server: Databases;
let store: Store;
let url: string;
let path: string;
let lines: string[];
beforeAll(async () => {
  server = await databases.sqlite();
});
beforeEach(async () => {
  lines = [];
  url = await server.create();
  path = url.slice("sqlite:".length);
  store = open(url);
  await until(isOk);
  await keep("before");
});
afterEach(() => store.close());
afterAll(() => server.stop());

function open(at: string): Store {
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  return openStore(openDatabase(at), { log, retention: 400, keepComments: false, retry: 10, every: 10 });
}
const isOk = () => store.health().status === "ok";
const feedback = (card: string): Feedback => ({
  card,
  outcome: "overridden",
  acceptedSuggestions: [],
  reason: undefined,
  comment: undefined,
  siteReason: undefined,
  outcomeTimestamp: "2026-11-24T12:00:00.000Z",
});
const keep = (card: string, to = store) => to.keepFeedback("north", [feedback(card)]);

async function cardsIn(table: "cards" | "feedback"): Promise<string[]> {
  const reader = openDatabase(url);
  const [rows = []] = await reader.read([{ sql: `SELECT card FROM ${table} ORDER BY card` }]);
  await reader.close();
  return rows.map(({ card }) => String(card));
}
/** The file of another store, which has kept one outcome. */
async function anotherFile(): Promise<string> {
  const other = await server.create();
  const another = open(other);
  await until(() => another.health().status === "ok");
  await keep("of-another", another);
  await another.close();
  return other.slice("sqlite:".length);
}

test.each([
  ["another database of the service", async () => copyFileSync(await anotherFile(), path), ["after", "of-another"]],
  ["nothing", async () => truncateSync(path), ["after"]],
])("overwritten with %s: refused once, then kept in what is there", async (_name, overwrite, expected) => {
  await overwrite();
  await expect(keep("lost")).rejects.toMatchObject({ why: "the file was overwritten" });
  expect(store.health()).toEqual({ status: "degraded", why: "the file was overwritten" });
  await until(isOk);
  await keep("after");
  expect(await cardsIn("feedback")).toEqual(expected);
});

test("overwritten with what is no database: refused, and left alone, until it is gone", async () => {
  writeFileSync(path, "no database ".repeat(2_000));
  const written = readFileSync(path);
  await expect(keep("lost")).rejects.toMatchObject({ why: "the file was overwritten" });
  await until(() => JSON.stringify(store.health()).includes("file is not a database"));
  await expect(keep("lost")).rejects.toMatchObject({ why: "file is not a database" });
  expect(readFileSync(path)).toEqual(written);
  rmSync(path);
  await until(isOk);
  await keep("after");
  expect(await cardsIn("feedback")).toEqual(["after"]);
});

test("overwritten during a stream of feedback: all that was kept since then is there", async () => {
  const other = await anotherFile();
  const since: string[] = [];
  let isOverwritten = false;
  let refused = 0;
  const stream = async () => {
    for (let sent = 0; sent < 5_000 && since.length < 100; sent += 1) {
      const card = randomUUID();
      const isSince = isOverwritten;
      await keep(card).then(
        () => isSince && since.push(card),
        () => {
          refused += 1;
        },
      );
    }
  };
  const streams = [stream(), stream(), stream(), stream()];
  copyFileSync(other, path);
  isOverwritten = true;
  await Promise.all(streams);
  const there = new Set(await cardsIn("feedback"));
  expect(since.length).toBeGreaterThanOrEqual(100);
  expect(since.filter((card) => !there.has(card))).toEqual([]);
  expect(there).toContain("of-another");
  expect(refused).toBeGreaterThan(0);
});

test("the decision log finds it out by itself, and goes on", async () => {
  truncateSync(path);
  store.logCards([issued("after")]);
  await until(async () => (await cardsIn("cards").catch((): string[] => [])).includes("after"));
  await until(isOk);
  expect(lines.join()).toContain("the file was overwritten");
});

const issued = (card: string): IssuedCard => ({
  card,
  issuedAt: new Date().toISOString(),
  client: "north",
  hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
  policy: "policy-a",
  revision: "2026-03-25-aaaaaaaaaaaa",
  row: "change",
  indicator: "warning",
  criteria: {},
  evidence: {},
  suggestions: [],
  latency: 12.5,
});
