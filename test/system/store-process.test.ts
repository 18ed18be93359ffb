// The real process and its store: killed in mid-stream, two on one PostgreSQL, started without its database; and the report, as people
// and programs read it. KILLS says how often the process is killed (2).
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { openDatabase } from "../../src/store/open.ts";
import { runReport } from "../../src/store/report-command.ts";
import { call } from "../support/calls.ts";
import { runCommand } from "../support/command.ts";
import { type Databases, databases, freePort } from "../support/databases.ts";
import { killAll, run, serve } from "../support/process.ts";
import type { Card } from "../support/service.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env.KILLS ?? 2);
const ENDPOINT = `/cds-services/${SERVICE_ID}`;
afterAll(killAll);

async function post(url: string, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
}
const outcome = (card: string, parts = {}) => ({
  card,
  outcome: "overridden",
  outcomeTimestamp: "2026-11-24T10:00:00Z",
  ...parts,
});
const cardFrom = async (url: string) =>
  ((await (await post(url, ENDPOINT, call())).json()) as { cards: Card[] }).cards[0] as Card;

/** Answers each of many cards three times, in a batch, until a call fails. Adds every card whose batch was answered 200. */
async function stream(url: string, kept: string[], end: () => boolean = () => false): Promise<void> {
  while (!end()) {
    const card = await cardFrom(url).catch(() => undefined);
    if (!card) break;
    const feedback = [1, 2, 3].map((second) =>
      outcome(card.uuid, { outcomeTimestamp: `2026-11-24T10:00:0${second}Z` }),
    );
    const answer = await post(url, `${ENDPOINT}/feedback`, { feedback }).catch(() => undefined);
    if (answer?.status !== 200) break;
    kept.push(card.uuid);
  }
}

async function cardsWithFeedback(databaseUrl: string): Promise<Map<string, number>> {
  const database = openDatabase(databaseUrl);
  const [rows = []] = await database.run([{ sql: "SELECT card, COUNT(*) AS times FROM feedback GROUP BY card" }]);
  await database.close();
  return new Map(rows.map(({ card, times }) => [String(card), Number(times)]));
}

describe.each(["sqlite", "postgres"] as const)("%s", (kind) => {
  let server: Databases;
  beforeAll(async () => {
    server = await databases[kind]();
  });
  afterAll(() => server.stop());

  test(
    `killed ${KILLS} times during a stream of feedback: all that was answered 200 is there once, each batch whole`,
    async () => {
      const DATABASE_URL = await server.create();
      const kept: string[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const { url, child, exit } = await serve({ DATABASE_URL });
        const before = kept.length;
        const streams = [1, 2, 3, 4].map(() => stream(url, kept));
        await until(() => kept.length > before + 20);
        child.kill("SIGKILL");
        await Promise.all(streams);
        await exit;
      }
      expect(kept.length).toBeGreaterThan(0);
      const { child, exit } = await serve({ DATABASE_URL });
      child.kill("SIGTERM");
      expect(await exit).toEqual([0, null]);
      const there = await cardsWithFeedback(DATABASE_URL);
      expect(kept.filter((card) => there.get(card) !== 3)).toEqual([]);
      expect([...there.values()].filter((times) => times !== 3)).toEqual([]);
    },
    KILLS * 60_000 + 300_000,
  );

  test("a card, what became of it, and the report while the service runs: table, CSV and JSON", async () => {
    const DATABASE_URL = await server.create();
    const { url } = await serve({ DATABASE_URL });
    const [first, second] = [await cardFrom(url), await cardFrom(url)];
    await cardFrom(url);
    const accepted = { outcome: "accepted", acceptedSuggestions: [{ id: first.suggestions?.[0]?.uuid }] };
    const extension = { "com.epic.cdshooks.feedback.overrideReason.reasonDisplay": "=Formulary, here" };
    const feedback = [outcome(first.uuid, accepted), outcome(second.uuid, { overrideReasons: { extension } })];
    expect((await post(url, `${ENDPOINT}/feedback`, { feedback })).status).toBe(200);
    await until(async () => ((await (await fetch(`${url}/insights`)).json()) as { cards: number }).cards === 3);

    const alone = run(["npm", "run", "--silent", "report", "--", "--format", "json"], { DATABASE_URL });
    expect(await once(alone.child, "close")).toEqual([0, null]);
    const json = JSON.parse(alone.output());
    const report = async (...words: string[]) => {
      const { code, output } = await runCommand((streams) => runReport(words, { DATABASE_URL }, streams));
      expect(code).toBe(0);
      return output;
    };
    expect(json).toMatchObject({ cards: 3, accepted: 1, overridden: 1, ignored: 1, acceptance: { rate: 0.5 } });
    expect(json).toEqual(await (await fetch(`${url}/insights`)).json());
    expect(json.byRevision).toMatchObject([{ policy: "imatinib-preferred", cards: 3 }]);
    expect(json.byClient).toMatchObject([{ client: "open", cards: 3 }]);
    const table = await report("--since", "30d");
    expect(table).toMatch(/Cards issued 3 \([^\n]+, since \d{4}-\d\d-\d\d\)/);
    expect(table).toMatch(/ {2}accepted +1 {2}█{30}\n/);
    expect(table).toContain("50% (95% interval 9% to 91%)");
    expect(table).toContain("=Formulary, here");
    const csv = await report("--format", "csv", "--client", "open");
    expect(csv).toContain("all,,cards,3\r\n");
    expect(csv).toContain(`override reason,"'=Formulary, here",cards,1\r\n`);
    expect(await report("--policy", "none")).toMatch(/Cards issued 0 \(.*, policy none\)/);
  });
});

describe("two instances on one PostgreSQL", () => {
  let server: Databases;
  beforeAll(async () => {
    server = await databases.postgres();
  });
  afterAll(() => server.stop());

  test("started at once on an empty database, under load: nothing is lost, and both show one report", async () => {
    const DATABASE_URL = await server.create();
    const [one, two] = await Promise.all([serve({ DATABASE_URL }), serve({ DATABASE_URL })]);
    const urls = [one.url, two.url];
    let cards = 0;
    const kept: string[] = [];
    const isOver = () => cards > 100 && kept.length > 100;
    // Cards from one, feedback on them to the other; and streams of both to both.
    const answered = urls.map(async (url, index) => {
      while (!isOver()) {
        const { uuid } = await cardFrom(url);
        const answer = await post(urls[1 - index] ?? "", `${ENDPOINT}/feedback`, { feedback: [outcome(uuid)] });
        if (answer.status === 200) cards += 1;
      }
    });
    const streams = urls.flatMap((url) => [stream(url, kept, isOver), stream(url, kept, isOver)]);
    await Promise.all([...answered, ...streams]);
    const reports = () =>
      Promise.all(urls.map(async (url) => (await fetch(`${url}/insights`)).json() as Promise<{ cards: number }>));
    await until(async () => (await reports()).every((report) => report.cards === cards + kept.length));
    const [first, second] = await reports();
    expect(first).toEqual(second);
    const all = cards + kept.length;
    expect(first).toMatchObject({ cards: all, overridden: all, ignored: 0, unknown: { overridden: 0 } });
    const there = await cardsWithFeedback(DATABASE_URL);
    expect(kept.filter((card) => there.get(card) !== 3)).toEqual([]);
  });
});

describe("started without its database", () => {
  test("the log says it, readiness is red, cards are served, feedback is refused so that it is sent again", async () => {
    const port = String(await freePort());
    const DATABASE_URL = `postgres://nobody:secret-word@127.0.0.1:${await freePort()}/nowhere`;
    const { child, exit, output } = run([process.execPath, "src/main.ts"], { PORT: port, DATABASE_URL });
    const url = `http://127.0.0.1:${port}`;
    await until(() => output().includes("the store could not be opened"));
    await until(() =>
      fetch(`${url}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      status: "starting",
      store: { status: "starting", why: "ECONNREFUSED" },
    });
    expect(await cardFrom(url)).toMatchObject({ indicator: "warning" });
    const refused = await post(url, `${ENDPOINT}/feedback`, { feedback: [outcome(randomUUID())] });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await refused.text()).toContain("nothing was saved: send it again");
    expect((await fetch(`${url}/insights`)).status).toBe(503);
    expect(output()).not.toContain("secret-word");
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  });

  test("a folder that cannot be written is the same", async () => {
    const port = String(await freePort());
    const { child, exit, output } = run([process.execPath, "src/main.ts"], {
      PORT: port,
      DATABASE_URL: "sqlite:/proc/nowhere/cds.db",
    });
    await until(() => /store could not be opened/.test(output()));
    expect(await cardFrom(`http://127.0.0.1:${port}`)).toBeDefined();
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  });
});
