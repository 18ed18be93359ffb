// No client can fill the database with feedback: what is kept of cards that were never issued, and of one card, is counted in rows.
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import type { Feedback } from "../../src/cds-hooks/feedback.ts";
import type { Database } from "../../src/store/database.ts";
import type { IssuedCard } from "../../src/store/decision-log.ts";
import { openDatabase } from "../../src/store/open.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { type Databases, databases } from "../support/databases.ts";
import { until } from "../support/until.ts";

const issued = (card: string, client = "north"): IssuedCard => ({
  ...{ card, client, hookInstance: randomUUID(), policy: "policy-a", revision: "2026-03-25-aaaaaaaaaaaa" },
  ...{ row: "change", indicator: "warning", criteria: {}, evidence: {}, suggestions: [], latency: 12.5 },
  issuedAt: new Date().toISOString(),
});
const feedback = (card: string, second = 0): Feedback => ({
  ...{ card, outcome: "overridden", acceptedSuggestions: [] },
  ...{ reason: undefined, comment: undefined, siteReason: undefined },
  outcomeTimestamp: new Date(Date.UTC(2026, 10, 24, 12, 0, second)).toISOString(),
});
const unknown = (count: number) => Array.from({ length: count }, () => feedback(randomUUID()));

describe.each(["sqlite", "postgres"] as const)("%s", (kind) => {
  let server: Databases;
  const open: Store[] = [];
  let store: Store;
  let database: Database;
  let url: string;
  beforeAll(async () => {
    server = await databases[kind]();
  });
  beforeEach(async () => {
    url = await server.create();
    ({ store, database } = await start());
  });
  afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));
  afterAll(() => server.stop());

  /** Its decision log is written only when somebody asks for it. */
  async function start(): Promise<{ store: Store; database: Database }> {
    const database = openDatabase(url);
    const options = { log: pino({ level: "silent" }), retention: 400, keepComments: false, every: 3_600_000 };
    const store = openStore(database, options);
    open.push(store);
    await until(() => store.health().status === "ok");
    return { store, database };
  }
  const countRows = async () =>
    Number((await database.run([{ sql: "SELECT COUNT(*) AS rows FROM feedback" }]))[0]?.[0]?.rows);
  const keep = async (batch: readonly Feedback[], to = store, client = "north") =>
    (await to.keepFeedback(client, batch)).length;

  test("of cards that were never issued, 1,000 a day for each client, on all instances together", async () => {
    expect(await keep(unknown(600))).toBe(600);
    const { store: other } = await start();
    expect(await keep(unknown(401), other)).toBe(0);
    expect(await keep(unknown(400), other)).toBe(400);
    expect(await keep(unknown(1))).toBe(0);
    expect(await keep(unknown(1), store, "south")).toBe(1);
    expect(await countRows()).toBe(1_001);
    await database.run([{ sql: "UPDATE feedback SET unknown_on = '2026-01-01'" }]); // a day passes
    expect(await keep(unknown(1))).toBe(1);
  });

  test("beyond it, feedback on issued cards is kept, also of those that were issued a moment ago", async () => {
    await keep(unknown(1_000));
    const card = randomUUID();
    store.logCards([issued(card), issued(randomUUID(), "south")]);
    const mixed = [feedback(card), ...unknown(5)];
    expect((await store.keepFeedback("north", mixed)).map((each) => each.card)).toEqual([card]);
    expect(await countRows()).toBe(1_001);
  });

  test("a card that was issued to another client is unknown", async () => {
    await keep(unknown(1_000));
    const card = randomUUID();
    store.logCards([issued(card, "south")]);
    expect(await keep([feedback(card)])).toBe(0);
    expect(await keep([feedback(card)], store, "south")).toBe(1);
  });

  test("cards that another instance writes later no longer count", async () => {
    const early = unknown(1_000);
    await keep(early);
    expect(await keep(unknown(1))).toBe(0);
    const { store: other } = await start();
    other.logCards(early.slice(0, 10).map(({ card }) => issued(card)));
    await other.close();
    expect(await keep(unknown(11))).toBe(0);
    expect(await keep(unknown(10))).toBe(10);
  });

  test("batches that come at once do not pass together", async () => {
    const kept = await Promise.all(Array.from({ length: 20 }, () => keep(unknown(300))));
    expect(kept.filter((count) => count > 0)).toEqual([300, 300, 300]);
    expect(await countRows()).toBe(900);
  });

  test("of one card, 50 outcomes", async () => {
    const [card, other] = [randomUUID(), randomUUID()];
    store.logCards([issued(card), issued(other)]);
    const outcomes = (of: string, count: number, from = 0) =>
      Array.from({ length: count }, (_each, index) => feedback(of, from + index));
    expect(await keep(outcomes(card, 30))).toBe(30);
    expect(await keep([...outcomes(card, 30, 30), ...outcomes(other, 60)])).toBe(20 + 50);
    expect(await keep(outcomes(card, 1, 60))).toBe(0);
    expect(await countRows()).toBe(100);
  });
});
