// Keys of clients that publish them: cached, rotated, kept through an outage of the key server, refused when they prove nothing.
// nock plays the key server.
import nock from "nock";
import { checkKeySet } from "../../src/clients/keys.ts";
import { call } from "../support/calls.ts";
import { holdDeadlines } from "../support/deadline.ts";
import { type Service, startService } from "../support/service.ts";
import { createSigner, registered, type Signer } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const EHR = "https://ehr.example.org";
const JWKS = `${EHR}/.well-known/jwks.json`;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let first: Signer;
let second: Signer;
let now: number;
let service: Service;

beforeAll(async () => {
  nock.disableNetConnect();
  nock.enableNetConnect("127.0.0.1");
  first = await createSigner(EHR);
  second = await createSigner(EHR);
});
beforeEach(async () => {
  now = Date.now();
  service = await start();
});
afterEach(async () => {
  nock.cleanAll();
  await service.stop();
});
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

const start = (parts = {}) =>
  startService({
    clients: [registered(EHR, [], { keys: { kind: "url", url: JWKS }, jwksUrl: JWKS, ...parts })],
    now: () => now,
  });
const keyServer = () => nock(EHR).get("/.well-known/jwks.json");
const publish = (...signers: Signer[]) => keyServer().reply(200, { keys: signers.map(({ publicKey }) => publicKey) });
/** A token of the time that the service believes it is. */
const statusFor = async (signer: Signer, header = {}, at: Service = service) => {
  const iat = Math.floor(now / 1000);
  return (await at.orderSign(call(), await signer.sign({ iat, exp: iat + 300 }, header))).status;
};
const lastCheck = () => JSON.parse(service.log.findLast((line) => line.includes("refused")) ?? "{}").refused?.check;

test("keys are read once, and used from then on", async () => {
  const server = publish(first);
  expect(await statusFor(first)).toBe(200);
  expect(server.isDone()).toBe(true);
  expect(await statusFor(first)).toBe(200); // a second read would fail: nock answers once
});

test("many first calls at once read them once", async () => {
  publish(first);
  const statuses = await Promise.all([1, 2, 3, 4].map(() => statusFor(first)));
  expect(statuses).toEqual([200, 200, 200, 200]);
});

test("a new key is found without a restart, and not asked for again and again", async () => {
  publish(first);
  expect(await statusFor(first)).toBe(200);
  const rotated = publish(first, second);
  expect(await statusFor(second)).toBe(401); // within the cool-down of 30 s nothing is read
  expect(rotated.isDone()).toBe(false);
  now += 31_000;
  expect(await statusFor(second)).toBe(200);
  expect(rotated.isDone()).toBe(true);
  const again = publish(first, second);
  for (let calls = 0; calls < 5; calls += 1) expect(await statusFor(second, { kid: "unknown" })).toBe(401);
  expect(again.isDone()).toBe(false);
});

test("a key that is withdrawn is refused once the keys have been read again", async () => {
  publish(first, second);
  expect(await statusFor(second)).toBe(200);
  now += 11 * MINUTE;
  const rotated = publish(first);
  await until(async () => (await statusFor(second)) === 401); // old keys are read again beside the call
  expect(rotated.isDone()).toBe(true);
  now += 31_000;
  publish(first);
  expect(await statusFor(second)).toBe(401);
  expect(lastCheck()).toBe("jwt-key");
});

describe("an outage of the key server", () => {
  test.each<[string, () => void]>([
    ["refused", () => keyServer().replyWithError(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }))],
    ["500", () => keyServer().reply(500, "")],
    ["HTML", () => keyServer().reply(200, "<html>", { "content-type": "text/html" })],
    ["not JSON", () => keyServer().reply(200, "{", { "content-type": "application/json" })],
    ["no key set", () => keyServer().reply(200, { keys: "none" })],
    ["a redirect", () => keyServer().reply(302, "", { location: "https://evil.example/jwks.json" })],
    ["without end", () => keyServer().reply(200, { keys: [], more: "x".repeat(300_000) })],
  ])("known keys last through it, and the log tells: %s", async (_name, fail) => {
    publish(first);
    expect(await statusFor(first)).toBe(200);
    now += 20 * MINUTE;
    fail();
    expect(await statusFor(first)).toBe(200);
    await until(() => service.log.join().includes("the client's keys could not be read"));
    expect(await statusFor(first)).toBe(200);
  });

  test("but not for ever: after a day nobody knows whether they still hold", async () => {
    publish(first);
    expect(await statusFor(first)).toBe(200);
    now += 25 * HOUR;
    keyServer().reply(500);
    expect(await statusFor(first)).toBe(401);
    expect(lastCheck()).toBe("jwt-keys-unavailable");
  });

  test("from the start: refused with the common code, let in when the server is back", async () => {
    keyServer().reply(503);
    const iat = Math.floor(now / 1000);
    const answer = await service.orderSign(call(), await first.sign({ iat, exp: iat + 300 }));
    expect(answer.status).toBe(401);
    expect(answer.text).toContain("jwt-untrusted");
    expect(lastCheck()).toBe("jwt-keys-unavailable");
    publish(first);
    now += 6_000;
    expect(await statusFor(first)).toBe(200);
  });

  test("a silent key server holds up a call for 2 seconds, not for ever", async () => {
    const deadlines = holdDeadlines();
    const asked = new Promise<void>((resolve) => {
      keyServer().reply(() => new Promise<never>(() => resolve()));
    });
    const status = statusFor(first);
    await asked;
    deadlines.pass();
    expect(await status).toBe(401);
    expect(deadlines.set).toEqual([2_000]);
    expect(service.log.join()).toContain("TimeoutError");
  });
});

describe("jku", () => {
  test("the registered address is fine; any other is refused, and never fetched", async () => {
    publish(first);
    const evil = nock("https://evil.example")
      .get("/jwks.json")
      .reply(200, { keys: [second.publicKey] });
    expect(await statusFor(first, { jku: JWKS })).toBe(200);
    for (const jku of ["https://evil.example/jwks.json", `${JWKS}?x`, `${JWKS}#`, "", 7]) {
      expect(await statusFor(second, { jku })).toBe(401);
      expect(lastCheck()).toBe("jwt-jku");
    }
    expect(evil.isDone()).toBe(false);
  });
});

describe("key sets that prove nothing", () => {
  test("one that holds a private key is refused, and the log tells why", async () => {
    keyServer().reply(200, { keys: [{ ...first.publicKey, d: "published" }] });
    expect(await statusFor(first)).toBe(401);
    expect(service.log.join()).toContain("publishes a private key");
  });

  test("unless the client is for demonstrations, as the public sandbox is", async () => {
    const demonstration = await start({ demonstration: true });
    keyServer().reply(200, { keys: [{ ...first.publicKey, d: "published" }] });
    expect(await statusFor(first, {}, demonstration)).toBe(200);
    await demonstration.stop();
  });

  test.each([
    ["a symmetric key", [{ kty: "oct", kid: "a", k: "c2VjcmV0" }], /symmetric/],
    ["keys without a name", [{ kty: "EC" }], /kid/],
    ["no keys", [], /kid/],
    ["no list", "keys", /not a JSON Web Key Set/],
  ])("%s", (_name, keys, why) => {
    expect(() => checkKeySet({ keys }, false)).toThrow(why);
    expect(() => checkKeySet({ keys }, true)).toThrow(why);
  });

  test("two keys of one name name none", async () => {
    keyServer().reply(200, { keys: [first.publicKey, { ...second.publicKey, kid: first.kid }] });
    expect(await statusFor(first)).toBe(401);
  });

  test("a key that cannot be used is not used, and others are", async () => {
    const broken = { kty: "EC", crv: "P-384", x: "AA", y: "AA", kid: "broken", alg: "ES384" };
    keyServer().reply(200, { keys: [broken, first.publicKey] });
    expect(await statusFor(first, { kid: "broken" })).toBe(401);
    expect(await statusFor(first)).toBe(200);
  });
});
