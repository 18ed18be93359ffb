// The store, on SQLite and on PostgreSQL alike: what is kept, what is counted, and what happens when the database is not there.
import { renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { pino } from "pino";
import type { Feedback } from "../../src/cds-hooks/feedback.ts";
import { type Database, DatabaseFailure } from "../../src/store/database.ts";
import type { IssuedCard } from "../../src/store/decision-log.ts";
import { loadMigrations, openDatabase } from "../../src/store/open.ts";
import type { Report, ReportQuery } from "../../src/store/report.ts";
import { openStore, type Store, type StoreOptions } from "../../src/store/store.ts";
import { type Databases, databases, freePort } from "../support/databases.ts";
import { until } from "../support/until.ts";

const NOW = "2026-11-24T12:00:00.000Z";
const ALL: ReportQuery = {};

const issued = (card: string, parts: Partial<IssuedCard> = {}): IssuedCard => ({
  card,
  issuedAt: NOW,
  client: "north",
  hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
  policy: "policy-a",
  revision: "2026-03-25-aaaaaaaaaaaa",
  row: "change",
  indicator: "warning",
  criteria: { "1A": "not-found", "1B": "supporting" },
  evidence: { "1A": [], "1B": ["MedicationStatement"] },
  suggestions: ["suggestion-1"],
  latency: 12.5,
  ...parts,
});
const feedback = (card: string, parts: Partial<Feedback> = {}): Feedback => ({
  card,
  outcome: "overridden",
  acceptedSuggestions: [],
  reason: undefined,
  comment: undefined,
  siteReason: undefined,
  outcomeTimestamp: NOW,
  ...parts,
});
const accepted = (card: string, parts: Partial<Feedback> = {}) =>
  feedback(card, { outcome: "accepted", acceptedSuggestions: ["suggestion-1"], ...parts });

describe.each(["sqlite", "postgres"] as const)("%s", (kind) => {
  let server: Databases;
  const open: { store: Store; database: Database }[] = [];
  let lines: string[];
  beforeAll(async () => {
    server = await databases[kind]();
  });
  beforeEach(() => {
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ store }) => store.close()));
  });
  afterAll(() => server.stop());

  function start(url: string, options: Partial<StoreOptions> = {}): { store: Store; database: Database } {
    const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const database = openDatabase(url);
    const started = {
      database,
      store: openStore(database, { log, retention: 400, keepComments: false, every: 10, retry: 50, ...options }),
    };
    open.push(started);
    return started;
  }
  async function ready(url?: string, options: Partial<StoreOptions> = {}) {
    const started = start(url ?? (await server.create()), options);
    await until(() => started.store.health().status === "ok");
    return started;
  }
  const rowsOf = async ({ database }: { database: Database }, table: string) =>
    (await database.run([{ sql: `SELECT * FROM ${table}` }]))[0] ?? [];
  /** Waits for the decision log to be written. */
  async function withCards(started: { store: Store; database: Database }, ...cards: IssuedCard[]) {
    const before = (await rowsOf(started, "cards")).length;
    started.store.logCards(cards);
    await until(async () => (await rowsOf(started, "cards")).length === before + cards.length);
  }

  test("a card is logged with what explains it", async () => {
    const started = await ready();
    await withCards(started, issued("card-1"));
    expect(await rowsOf(started, "cards")).toMatchObject([
      {
        ...{
          card: "card-1",
          issued_at: NOW,
          client: "north",
          policy: "policy-a",
          decision_row: "change",
          indicator: "warning",
        },
        criteria: '{"1A":"not-found","1B":"supporting"}',
        evidence: '{"1A":[],"1B":["MedicationStatement"]}',
        suggestions: '["suggestion-1"]',
        latency_ms: 12.5,
      },
    ]);
  });

  test("more cards than one batch holds", async () => {
    const started = await ready();
    await withCards(started, ...Array.from({ length: 1234 }, (_each, index) => issued(`card-${index}`)));
    expect((await started.store.report(ALL)).cards).toBe(1234);
  });

  test("feedback is kept with its reason, and without its comment", async () => {
    const started = await ready();
    const reason = { system: "http://example.org/reasons", code: "cost", isOffered: true };
    await started.store.keepFeedback("north", [feedback("card-1", { reason, comment: "planted-comment" })]);
    expect(await rowsOf(started, "feedback")).toMatchObject([
      {
        client: "north",
        card: "card-1",
        outcome: "overridden",
        reason_code: "cost",
        reason_system: "http://example.org/reasons",
        comment: null,
      },
    ]);
  });

  test("a comment is kept only when the operator says so", async () => {
    const started = await ready(undefined, { keepComments: true });
    await started.store.keepFeedback("north", [feedback("card-1", { comment: "as the patient wishes" })]);
    expect(await rowsOf(started, "feedback")).toMatchObject([{ comment: "as the patient wishes" }]);
  });

  test("a reason that no policy offers may be any text: it is kept only when the operator says so", async () => {
    const url = await server.create();
    const reason = { system: "planted-system", code: "Jane Roe asked for it", isOffered: false };
    const kept = async (started: { store: Store; database: Database }, card: string) => {
      await started.store.keepFeedback("north", [feedback(card, { reason })]);
      const { reasons } = await started.store.report(ALL);
      return reasons.map((each) => [each.reason, each.system]);
    };
    expect(await kept(await ready(url), "card-1")).toEqual([["other", null]]);
    expect(JSON.stringify(await rowsOf(await ready(url), "feedback"))).not.toMatch(/Jane|planted/);
    expect(await kept(await ready(url, { keepComments: true }), "card-2")).toContainEqual([reason.code, reason.system]);
  });

  test("repeats are one: same card, outcome, time (in any time zone) and suggestions (in any order)", async () => {
    const started = await ready();
    const one = accepted("card-1", { acceptedSuggestions: ["a", "b"] });
    const again = { ...one, acceptedSuggestions: ["b", "a"], outcomeTimestamp: "2026-11-24T07:00:00-05:00" };
    await started.store.keepFeedback("north", [one, again]);
    await started.store.keepFeedback("north", [one]);
    expect(await rowsOf(started, "feedback")).toHaveLength(1);
    await started.store.keepFeedback("south", [one]);
    await started.store.keepFeedback("north", [
      { ...one, outcomeTimestamp: "2026-11-24T12:00:01Z" },
      feedback("card-1"),
    ]);
    expect(await rowsOf(started, "feedback")).toHaveLength(4);
  });

  test("a batch is kept whole or not at all", async () => {
    const started = await ready();
    const broken = { ...feedback("card-2"), card: null as never };
    await expect(started.store.keepFeedback("north", [feedback("card-1"), broken])).rejects.toThrow();
    expect(await rowsOf(started, "feedback")).toEqual([]);
    await started.store.keepFeedback("north", [feedback("card-1")]);
    expect(started.store.health()).toEqual({ status: "ok" });
  });

  describe("the report", () => {
    let report: (query?: ReportQuery) => Promise<Report>;
    beforeAll(async () => {
      const started = await ready();
      open.length = 0; // lives as long as these tests
      const { store } = started;
      report = (query = ALL) => store.report(query);
      closing = () => store.close();
      const cards = [
        ...["a1", "a2", "a3", "a4"].map((card, index) => issued(card, { latency: (index + 1) * 10 })),
        issued("b1", { revision: "2026-09-01-bbbbbbbbbbbb", latency: 50 }),
        issued("s1", { client: "south", latency: 60 }),
        issued("c1", { policy: "policy-c", issuedAt: "2026-10-01T00:00:00.000Z", latency: 1000 }),
      ];
      await withCards(started, ...cards);
      const cost = { system: "http://example.org/reasons", code: "cost", isOffered: true };
      await store.keepFeedback("north", [
        // First overridden, then accepted: the latest outcome counts, both stay.
        feedback("a1", { outcomeTimestamp: "2026-11-24T12:00:00Z", reason: cost }),
        accepted("a1", { outcomeTimestamp: "2026-11-24T12:05:00Z" }),
        feedback("a2", { reason: cost }),
        feedback("a3", { siteReason: "Patient prefers it" }),
        feedback("b1", { reason: cost }),
        // Issued to another client; never issued.
        accepted("s1"),
        feedback("nobody's"),
      ]);
    });
    let closing = async () => {};
    afterAll(() => closing());

    test("counts distinct cards by their latest outcome, unknown ones included and apart", async () => {
      const { cards, accepted, overridden, ignored, unknown } = await report();
      expect({ cards, accepted, overridden, ignored, unknown }).toEqual({
        cards: 7,
        accepted: 2, // a1, and s1 by another client
        overridden: 4, // a2, a3, b1, and one that was never issued
        ignored: 3, // a4, c1, and s1 by its own client
        unknown: { accepted: 1, overridden: 1 },
      });
    });

    test("the rate of acceptance has its interval", async () => {
      const { acceptance } = await report({ policy: "policy-a", client: "north" });
      // 1 of 4. Wilson's interval by hand: (0.25 + z²/8 ± z √(0.1875/4 + z²/64)) / (1 + z²/4), z = 1.96.
      expect(acceptance?.rate).toBe(0.25);
      expect(acceptance?.low).toBeCloseTo(0.0456, 4);
      expect(acceptance?.high).toBeCloseTo(0.6994, 4);
      expect((await report({ policy: "policy-c" })).acceptance).toBeUndefined();
    });

    test("ranks the reasons, the site's own among them", async () => {
      expect((await report()).reasons).toEqual([
        { reason: "cost", system: "http://example.org/reasons", cards: 2 },
        { reason: "Patient prefers it", system: null, cards: 1 },
        { reason: "no reason given", system: null, cards: 1 },
      ]);
    });

    test("names the most frequent reasons, and sums the rest so that nothing is left out", async () => {
      const started = await ready();
      const reasons = Array.from({ length: 120 }, (_each, index) => `reason-${String(index).padStart(3, "0")}`);
      const all = reasons.flatMap((siteReason, index) =>
        // The first ones are given twice.
        Array.from({ length: index < 20 ? 2 : 1 }, (_each, nth) => feedback(`${index}-${nth}`, { siteReason })),
      );
      await started.store.keepFeedback("north", all);
      const { reasons: found, overridden } = await started.store.report(ALL);
      expect(found).toHaveLength(51);
      expect(found.slice(0, 50).map(({ reason, cards }) => [reason, cards])).toEqual(
        reasons.slice(0, 50).map((reason, index) => [reason, index < 20 ? 2 : 1]),
      );
      expect(found[50]).toEqual({ reason: "others", system: null, cards: 70 });
      expect(found.reduce((sum, { cards }) => sum + cards, 0)).toBe(overridden);
    });

    test("by revision and by client", async () => {
      const { byRevision, byClient } = await report();
      expect(
        byRevision.map(({ policy, revision, cards, accepted, overridden, ignored }) => [
          policy,
          revision,
          cards,
          accepted,
          overridden,
          ignored,
        ]),
      ).toEqual([
        ["policy-a", "2026-03-25-aaaaaaaaaaaa", 5, 1, 2, 2],
        ["policy-a", "2026-09-01-bbbbbbbbbbbb", 1, 0, 1, 0],
        ["policy-c", "2026-03-25-aaaaaaaaaaaa", 1, 0, 0, 1],
      ]);
      expect(
        byClient.map(({ client, cards, accepted, overridden, ignored }) => [
          client,
          cards,
          accepted,
          overridden,
          ignored,
        ]),
      ).toEqual([
        ["north", 6, 2, 4, 2],
        ["south", 1, 0, 0, 1],
      ]);
    });

    test("latency by nearest rank", async () => {
      expect((await report()).latency).toEqual({ p50: 40, p90: 1000, p99: 1000 });
      expect((await report({ client: "south" })).latency).toEqual({ p50: 60, p90: 60, p99: 60 });
    });

    test.each<[string, ReportQuery, number[]]>([
      ["since", { since: "2026-11-01T00:00:00.000Z" }, [6, 2, 4, 2]],
      ["policy: unknown cards are of none", { policy: "policy-a" }, [6, 1, 3, 2]],
      ["client: unknown cards are of who sent the feedback", { client: "north" }, [6, 2, 4, 2]],
      ["all of them", { since: "2026-11-01T00:00:00.000Z", policy: "policy-a", client: "south" }, [1, 0, 0, 1]],
      ["nothing", { policy: "none" }, [0, 0, 0, 0]],
      ["a name that reaches for the SQL", { client: "north' OR '1'='1" }, [0, 0, 0, 0]],
    ])("narrowed by %s", async (_name, query, expected) => {
      const { cards, accepted, overridden, ignored } = await report(query);
      expect([cards, accepted, overridden, ignored]).toEqual(expected);
    });
  });

  test("old rows go: a card with its feedback, and feedback of an unknown card on its own account", async () => {
    const url = await server.create();
    const first = await ready(url);
    const old = "2024-01-01T00:00:00.000Z";
    await withCards(first, issued("old", { issuedAt: old }), issued("new", { issuedAt: new Date().toISOString() }));
    await first.store.keepFeedback("north", [feedback("old"), feedback("new"), feedback("unknown")]);
    await first.database.run([{ sql: "UPDATE feedback SET received_at = $1 WHERE card = 'unknown'", values: [old] }]);
    const second = await ready(url);
    await until(async () => (await rowsOf(second, "cards")).length === 1);
    expect((await rowsOf(second, "feedback")).map(({ card }) => card)).toEqual(["new"]);
  });

  test("many instances that start at once on an empty database make its tables once", async () => {
    const url = await server.create();
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => ready(url)));
    expect(await rowsOf(all[0] as (typeof all)[0], "schema_versions")).toHaveLength(loadMigrations().length);
    expect(lines.join()).not.toContain("could not");
  });

  test("a database of a newer version is left alone, and the log says why", async () => {
    const url = await server.create();
    const first = await ready(url);
    await first.database.run([{ sql: "INSERT INTO schema_versions VALUES (999, 'later')" }]);
    const second = start(url);
    await until(() => lines.some((line) => line.includes("newer version")));
    expect(second.store.health()).toMatchObject({ status: "starting", why: expect.stringContaining("newer version") });
    await expect(second.store.keepFeedback("north", [feedback("card-1")])).rejects.toThrow();
  });

  test("a long read holds up no feedback, and sees nothing of it", async () => {
    const { store, database } = await ready();
    const count = { sql: "SELECT COUNT(*) AS rows FROM feedback" };
    const long = {
      sql: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT MAX(i) AS i FROM n",
    };
    let isRead = false;
    const reading = database.read([count, long, count]).finally(() => {
      isRead = true;
    });
    await store.keepFeedback("north", [feedback("card-1")]);
    expect(isRead).toBe(false);
    const [before, , after] = await reading;
    expect(after).toEqual(before);
  });

  test("two instances on one database show one report", async () => {
    const url = await server.create();
    const [one, two] = [await ready(url), await ready(url)];
    await withCards(one, issued("card-1"));
    await withCards(two, issued("card-2"));
    await one.store.keepFeedback("north", [accepted("card-2")]);
    await two.store.keepFeedback("north", [accepted("card-2"), feedback("card-1")]);
    expect(await one.store.report(ALL)).toEqual(await two.store.report(ALL));
    expect(await one.store.report(ALL)).toMatchObject({ cards: 2, accepted: 1, overridden: 1, ignored: 0 });
  });

  test("what waits when the service ends is written", async () => {
    const url = await server.create();
    const first = await ready(url, { every: 60_000 });
    first.store.logCards([issued("card-1")]);
    await first.store.close();
    expect(await rowsOf(await ready(url), "cards")).toHaveLength(1);
  });
});

test("PostgreSQL keeps what must last also where the server's default is not to wait for the disk", async () => {
  const server = await databases.postgres();
  const url = await server.create();
  const admin = openDatabase(url);
  await admin.run([{ sql: `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off` }]);
  await admin.close();
  const database = openDatabase(url);
  const show = { sql: "SHOW synchronous_commit" };
  const on = [{ synchronous_commit: "on" }];
  expect(await database.run([show], true)).toEqual([on]);
  expect(await database.run([show, show], true)).toEqual([on, on]);
  expect(await database.run([show])).toEqual([[{ synchronous_commit: "off" }]]);
  await database.close();
  await server.stop();
});

describe("a database that is not there", () => {
  const log = (lines: string[]) => pino({ base: null }, { write: (line: string) => lines.push(line) });

  test("at start: it is said, nothing waits for it, and it is opened when it comes", async () => {
    const server = await databases.postgres();
    const real = new URL(await server.create());
    const port = await freePort();
    const lines: string[] = [];
    const url = new URL(real);
    url.port = String(port);
    const store = openStore(openDatabase(url.href), {
      log: log(lines),
      retention: 400,
      keepComments: false,
      retry: 50,
      every: 10,
    });
    await until(() => lines.some((line) => line.includes("ECONNREFUSED")));
    expect(store.health()).toEqual({ status: "starting", why: "ECONNREFUSED" });
    store.logCards([issued("card-1")]);
    await expect(store.keepFeedback("north", [feedback("card-1")])).rejects.toMatchObject({ why: "ECONNREFUSED" });

    // The database comes up: a tunnel to the real one.
    const { tunnel, cut } = await openTunnel(port, Number(real.port));
    await until(() => store.health().status === "ok");
    await until(async () => (await store.report(ALL)).cards === 1);
    await store.keepFeedback("north", [feedback("card-1")]);

    // And is lost: every connection is cut, and none is taken.
    await cut();
    await expect(store.keepFeedback("north", [feedback("card-2")])).rejects.toThrow();
    store.logCards([issued("card-2")]);
    expect(store.health()).toMatchObject({ status: "degraded" });
    expect(lines.join()).toContain("the store failed");

    // And comes back.
    const again = await openTunnel(port, Number(real.port));
    await until(() => store.health().status === "ok");
    await store.keepFeedback("north", [feedback("card-2")]);
    await until(async () => (await store.report(ALL)).cards === 2);
    expect(await store.report(ALL)).toMatchObject({ cards: 2, overridden: 2, unknown: { overridden: 0 } });

    await store.close();
    tunnel.close();
    await again.cut();
    await server.stop();
  });

  test("rows that wait are bounded: the oldest are dropped, counted and logged", async () => {
    const lines: string[] = [];
    const url = `postgres://nobody@127.0.0.1:${await freePort()}/nowhere`;
    const store = openStore(openDatabase(url), {
      log: log(lines),
      retention: 400,
      keepComments: false,
      retry: 50,
      every: 10,
      maxWaiting: 100,
    });
    store.logCards(Array.from({ length: 150 }, (_each, index) => issued(`card-${index}`)));
    await store.close();
    expect(lines.join()).toContain("is dropping its oldest rows");
    expect(lines.at(-1)).toContain('"lost":100');
  });
});

test("a file that is removed or moved away: feedback is refused, and kept in a file that is there", async () => {
  const server = await databases.sqlite();
  const url = await server.create();
  const path = url.slice("sqlite:".length);
  const log = pino({ level: "silent" });
  const options = { log, retention: 400, keepComments: false, retry: 20 };
  const store = openStore(openDatabase(url), options);
  const isOk = () => store.health().status === "ok";
  await until(isOk);
  await store.keepFeedback("north", [feedback("before")]); // and what the store does as it opens is done
  const ways = [() => rmSync(path), () => renameSync(path, `${path}.moved`)];
  for (const [number, takeAway] of ways.entries()) {
    takeAway();
    await expect(store.keepFeedback("north", [feedback(`lost-${number}`)])).rejects.toThrow(DatabaseFailure);
    expect(store.health()).toEqual({ status: "degraded", why: "the file was moved or replaced" });
    await until(isOk);
    await store.keepFeedback("north", [feedback(`kept-${number}`)]);
    const reader = openDatabase(url);
    const [rows = []] = await reader.run([{ sql: "SELECT card FROM feedback" }]);
    expect(rows.map(({ card }) => card)).toEqual([`kept-${number}`]);
    await reader.close();
  }
  await store.close();
  await server.stop();
});

describe("a full disk", () => {
  test("is not of this file: it has a limit, also where none is set", async () => {
    const server = await databases.sqlite();
    const [own, set] = [await server.create(), `${await server.create()}?max_page_count=30`];
    const limits = [own, set].map(async (url) => {
      const database = openDatabase(url);
      const rows = await database.run([{ sql: "PRAGMA max_page_count" }]);
      await database.close();
      return rows;
    });
    expect(await Promise.all(limits)).toEqual([[[{ max_page_count: 262_144 }]], [[{ max_page_count: 30 }]]]);
    await server.stop();
  });

  test("feedback that does not fit is refused whole, cards go on, and after room is made both are kept", async () => {
    const server = await databases.sqlite();
    const url = await server.create();
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const small = openStore(openDatabase(`${url}?max_page_count=30`), {
      log,
      retention: 400,
      keepComments: true,
      retry: 60_000,
      every: 10,
    });
    await until(() => small.health().status === "ok");
    const kept: string[] = [];
    const long = { comment: "x".repeat(3000) };
    let refused = 0;
    for (let index = 0; index < 60; index += 1) {
      const card = `card-${index}`;
      await small.keepFeedback("north", [feedback(card, long)]).then(
        () => kept.push(card),
        () => {
          refused += 1;
        },
      );
    }
    expect(refused).toBeGreaterThan(0);
    expect(small.health()).toEqual({ status: "degraded", why: "database or disk is full" });
    small.logCards([issued("while-full", { policy: "p".repeat(5000) })]);
    await until(() => lines.some((line) => line.includes("decision log could not be written")));
    await small.close();

    const roomy = openDatabase(url);
    const [rows = []] = await roomy.run([{ sql: "SELECT card FROM feedback ORDER BY card" }]);
    expect(rows.map(({ card }) => card)).toEqual([...kept].sort());
    await roomy.close();
    await server.stop();
  });
});

test("an address that is no database", () => {
  expect(() => openDatabase("mysql://db")).toThrow("must be sqlite:<path> or postgres://");
});

/** Takes connections and passes them on. `cut` ends it and every connection. */
async function openTunnel(from: number, to: number) {
  const { connect } = await import("node:net");
  const sockets = new Set<{ destroy(): void }>();
  const tunnel = createServer((inner) => {
    const outer = connect(to, "127.0.0.1");
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => [inner, outer].map((each) => each.destroy()));
    }
    inner.pipe(outer).pipe(inner);
  });
  await new Promise<void>((resolve) => tunnel.listen(from, "127.0.0.1", resolve));
  const cut = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => tunnel.close(resolve));
  };
  return { tunnel, cut };
}
