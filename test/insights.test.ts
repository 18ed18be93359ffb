// GET /insights: the report as JSON, for a client that may read it, or for callers on this machine in open mode.
import { pino } from "pino";
import { openDatabase } from "../src/store/open.ts";
import { openStore, type Store } from "../src/store/store.ts";
import { call } from "./support/calls.ts";
import { type Databases, databases } from "./support/databases.ts";
import { BASE_URL, type Service, startService } from "./support/service.ts";
import { createSigner, registered, type Signer } from "./support/tokens.ts";
import { until } from "./support/until.ts";

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

test("a card, its feedback, and the numbers", async () => {
  const [card] = await service.cards(call(), await other.sign());
  await service.cards(call(), await reader.sign());
  const accepted = {
    card: card?.uuid,
    outcome: "accepted",
    acceptedSuggestions: [{ id: card?.suggestions?.[0]?.uuid }],
  };
  const feedback = { feedback: [{ ...accepted, outcomeTimestamp: "2026-11-24T10:00:00Z" }] };
  const token = await other.sign({ aud: `${BASE_URL}/cds-services/preferred-product-order-sign/feedback` });
  expect((await service.feedback(feedback, token)).status).toBe(200);
  await until(async () => ((await read(reader)).body as { cards: number }).cards === 2);
  const { status, body, headers } = await read(reader);
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(body).toMatchObject({
    cards: 2,
    accepted: 1,
    overridden: 0,
    ignored: 1,
    unknown: { accepted: 0, overridden: 0 },
  });
  expect((await read(reader, "?since=30d&policy=imatinib-preferred&client=other.example.org")).body).toMatchObject({
    cards: 1,
  });
  expect(JSON.stringify(body)).not.toContain("case-patient");
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
  expect(await statusWith({ "x-forwarded-for": "127.0.0.1" })).toBe(403);
  expect(await statusWith({ forwarded: "for=127.0.0.1" })).toBe(403);
  await open.stop();
  const proxied = await startService({ store, trustProxy: 1 });
  const answer = await proxied.request("GET", "/insights", { headers: { "x-forwarded-for": "198.51.100.1" } });
  expect(answer.status).toBe(403);
  await proxied.stop();
});
