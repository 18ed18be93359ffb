// GET /insights: the report as JSON, for a client that may read it, or for callers on this machine in open mode.
import { pino } from "pino";
import { type Authenticate, admitAnybody } from "../../src/clients/authenticate.ts";
import { openClient } from "../../src/clients/client.ts";
import { DatabaseFailure } from "../../src/store/database.ts";
import { openDatabase } from "../../src/store/open.ts";
import type { Report, ReportQuery } from "../../src/store/report.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { call } from "../support/calls.ts";
import { type Databases, databases } from "../support/databases.ts";
import { BASE_URL, type Card, type Service, startService } from "../support/service.ts";
import { createSigner, registered, type Signer } from "../support/tokens.ts";
import { until } from "../support/until.ts";

let server: Databases;
let store: Store;
let service: Service;
let reader: Signer;
let other: Signer;
beforeAll(async () => {
  const log = pino({ level: "silent" });
  server = await databases.sqlite();
  store = openStore(openDatabase(await server.create()), { log, retention: 400, keepComments: false, every: 10 });
  await until(() => store.health().status === "ok");
  reader = await createSigner("https://reader.example.org");
  other = await createSigner("https://other.example.org");
  const clients = [
    registered("https://reader.example.org", [reader.publicKey], { insights: true }),
    registered("https://other.example.org", [other.publicKey]),
  ];
  service = await startService({ clients, store });
});
afterAll(async () => {
  await service.stop();
  await store.close();
  await server.stop();
});

const read = async (signer: Signer, query = "") => {
  const headers = { authorization: `Bearer ${await signer.sign({ aud: `${BASE_URL}/insights` })}` };
  return service.request("GET", `/insights${query}`, { headers });
};

const feedbackOn = (card: Card | undefined) => ({
  feedback: [
    {
      ...{ card: card?.uuid, outcome: "accepted", outcomeTimestamp: "2026-11-24T10:00:00Z" },
      acceptedSuggestions: [{ id: card?.suggestions?.[0]?.uuid }],
    },
  ],
});

test("a client sees its own cards and feedback, and nothing of another client", async () => {
  const aud = `${BASE_URL}/cds-services/preferred-product-order-sign/feedback`;
  for (const client of [reader, other, other]) {
    const [card] = await service.cards(call(), await client.sign());
    expect((await service.feedback(feedbackOn(card), await client.sign({ aud }))).status).toBe(200);
  }
  await service.cards(call(), await reader.sign());
  await until(async () => (await store.report({})).cards === 4);
  const { status, body, headers } = await read(reader);
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(body).toMatchObject({
    ...{ cards: 2, accepted: 1, overridden: 0, ignored: 1, unknown: { accepted: 0, overridden: 0 } },
    byRevision: [{ policy: "imatinib-preferred", cards: 2 }],
    byClient: [{ client: "reader.example.org", cards: 2 }],
  });
  expect(JSON.stringify(body)).not.toContain("case-patient");
  const narrowed = await read(reader, "?since=30d&policy=imatinib-preferred&client=reader.example.org");
  expect(narrowed.body).toMatchObject({ cards: 2 });
  const refused = await read(reader, "?client=other.example.org");
  expect(refused.status).toBe(403);
  expect(refused.text).toContain("A client sees only its own numbers");
});

test("a client that may not read it, and a caller that is none", async () => {
  expect((await read(other)).status).toBe(403);
  expect((await service.request("GET", "/insights")).status).toBe(401);
  expect((await service.request("POST", "/insights")).status).toBe(405);
});

test.each([
  ["?since=yesterday", "since"],
  ["?since=30d&since=60d", "since"],
  ["?color=red", "body"],
])("%s is refused by name", async (query, field) => {
  const { status, body } = await read(reader, query);
  expect(status).toBe(400);
  expect((body as { issue: { expression: string[] }[] }).issue[0]?.expression).toEqual([field]);
});

test("open mode: callers on this machine, but none that came through a proxy", async () => {
  const open = await startService({ store });
  const statusWith = async (headers: Record<string, string>) =>
    (await open.request("GET", "/insights", { headers })).status;
  expect(await statusWith({})).toBe(200);
  const all = await open.request("GET", "/insights");
  expect((all.body as Report).byClient.map(({ client }) => client).sort()).toEqual([
    "other.example.org",
    "reader.example.org",
  ]);
  expect(await statusWith({ "x-forwarded-for": "127.0.0.1" })).toBe(403);
  expect(await statusWith({ forwarded: "for=127.0.0.1" })).toBe(403);
  await open.stop();
  const proxied = await startService({ store, trustProxy: 1 });
  const answer = await proxied.request("GET", "/insights", { headers: { "x-forwarded-for": "198.51.100.1" } });
  expect(answer.status).toBe(403);
  await proxied.stop();
});

test("one report is made at a time: who asks the same gets the same, who asks another is told to come again", async () => {
  const made: ReportQuery[] = [];
  let answer: (report: Report) => void = () => {};
  const report = (query: ReportQuery) => {
    made.push(query);
    return new Promise<Report>((resolve) => {
      answer = resolve;
    });
  };
  const admit = admitAnybody(openClient([]));
  let arrived = 0;
  const authenticate: Authenticate = (...credentials) => {
    arrived += 1;
    return admit(...credentials);
  };
  const slow = await startService({ store: { ...store, report }, authenticate });
  const ask = (query: string) => slow.request("GET", `/insights${query}`);
  const same = Array.from({ length: 20 }, () => ask("?since=30d"));
  await until(() => arrived === same.length);
  const another = await ask("?since=60d");
  expect([another.status, another.headers.get("retry-after")]).toEqual([503, "5"]);
  answer(await store.report({}));
  expect((await Promise.all(same)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(made).toHaveLength(1);

  const next = ask("?since=60d");
  await until(() => made.length > 1);
  answer(await store.report({}));
  expect((await next).status).toBe(200);
  await slow.stop();
});

test("a report that fails is not the answer to the next", async () => {
  let failures = 1;
  const report = async (query: ReportQuery) => {
    failures -= 1;
    if (failures >= 0) throw new DatabaseFailure("timeout");
    return store.report(query);
  };
  const failing = await startService({ store: { ...store, report } });
  const failed = await fetch(`${failing.url}/insights`);
  expect([failed.status, failed.headers.get("retry-after")]).toEqual([503, "5"]);
  expect((await failing.request("GET", "/insights")).status).toBe(200);
  await failing.stop();
});
