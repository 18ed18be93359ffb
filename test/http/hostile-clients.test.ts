// Clients that mean harm: too large, too deep, too many, too slow, too often; and whatever else comes, at all three endpoints.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { loadScenarios } from "../../src/cases/scenarios.ts";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import type { ServerLimits } from "../../src/http/server.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { bundle, call, draft, draftOf, EMPTY_CHART, statement, withEhr } from "../support/calls.ts";
import { BASE_URL, type Service, startService } from "../support/service.ts";
import { createSigner, encode, registered, type Signer } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const PATH = `/cds-services/${SERVICE_ID}`;
const JSON_TYPE = { "content-type": "application/json" };
const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
let service: Service;
let signer: Signer;
beforeAll(async () => {
  process.on("unhandledRejection", note);
  signer = await createSigner("https://ehr.example.org");
  service = await startService();
});
afterAll(async () => {
  await service.stop();
  process.off("unhandledRejection", note);
});

const post = (body: string, headers: Record<string, string> = JSON_TYPE) =>
  service.request("POST", PATH, { body, headers });
/** Begins a call that announces more body than it sends. Resolves when the service has begun to answer it. */
async function begin(to: Service, headers: readonly string[]): Promise<Socket> {
  const socket = connect(Number(new URL(to.url).port), "127.0.0.1");
  const all = ["Host: x", "Content-Type: application/json", "Content-Length: 99", "Expect: 100-continue", ...headers];
  socket.write(`POST ${PATH} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n{`);
  expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1.1 100/);
  return socket;
}
const issueOf = (body: unknown) => (body as { issue: { code: string; diagnostics: string }[] }).issue[0];

describe("too much", () => {
  const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

  test("nested 100 levels deep is read, 101 is refused", async () => {
    expect(issueOf((await post(nested(100))).body)?.diagnostics).toMatch(/^Not a valid CDS Hooks order-sign call/);
    const { status, body } = await post(nested(101));
    expect([status, issueOf(body)]).toEqual([
      413,
      { severity: "error", code: "too-costly", diagnostics: "Nested deeper than 100 levels" },
    ]);
  });

  test.each([
    ["empty lists", `[${"[],".repeat(250_000)}[]]`],
    ["numbers in a field that nobody reads", JSON.stringify(call([draft()], { zz: Array(500_001).fill(0) }))],
  ])("more %s than any chart has are refused", async (_what, body) => {
    const answer = await post(body);
    expect([answer.status, issueOf(answer.body)]).toEqual([
      413,
      { severity: "error", code: "too-costly", diagnostics: "More than 500000 values" },
    ]);
  });

  const names = Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`name${at}`, 0]));
  test.each([
    ["prefetch", call([draft()], { ...EMPTY_CHART, ...names })],
    ["an extension", call([draft()], EMPTY_CHART, { extension: names })],
    ["the call itself", call([draft()], EMPTY_CHART, names)],
    ["an extension of a draft", call([draft({ extension: [{ url: "urn:x", valueString: "x", ...names }] })])],
    ["feedback", { feedback: [{ card: "x", outcome: "overridden", overrideReason: { extension: names } }] }],
  ])("more than 1000 names in %s are refused before anything walks them", async (_where, content) => {
    const answer = await post(JSON.stringify(content));
    expect([answer.status, issueOf(answer.body)]).toEqual([
      413,
      { severity: "error", code: "too-costly", diagnostics: "An object has more than 1000 names" },
    ]);
  });

  test("brackets inside of texts are no nesting, whatever is escaped there", async () => {
    const note = [{ text: `${"[{".repeat(200)}\\"${"[".repeat(200)}\\\\` }];
    expect(await service.cards(call([draft({ note })]))).toHaveLength(1);
  });

  test("a body that is one text without end is no JSON", async () => {
    expect((await post(`"${"\\".repeat(100_001)}`)).status).toBe(400);
  });

  test("20,000 entries are read, one more is refused with what to do", async () => {
    const many = (count: number) => ({
      ...EMPTY_CHART,
      coverage: bundle(...Array.from({ length: count }, () => ({}))),
    });
    expect((await service.orderSign(call([draft()], many(19_999)))).status).toBe(200);
    const { status, body } = await service.orderSign(call([draft()], many(20_000)));
    expect(status).toBe(413);
    expect(issueOf(body)).toMatchObject({ code: "too-costly", diagnostics: expect.stringContaining("at most 20000") });
  });

  test("the limit on entries holds whatever the keys of prefetch are called", async () => {
    const drafts = Array.from({ length: 20_001 }, (_each, index) => ({ resourceType: "Basic", id: String(index) }));
    const { status } = await service.orderSign(call(drafts, { "context.draftOrders": null, ...EMPTY_CHART }));
    expect(status).toBe(413);
  });

  test("a list of feedback is refused for its length before its elements are looked at, and few faults are named", async () => {
    const many = await service.feedback({ feedback: Array.from({ length: 100_000 }, () => ({})) });
    expect([many.status, many.text.length < 1000]).toEqual([400, true]);
    expect(many.text).toContain("must not hold more than 1000");
    const some = await service.feedback({ feedback: Array.from({ length: 900 }, () => ({})) });
    expect((some.body as { issue: { expression: string[] }[] }).issue[0]?.expression).toHaveLength(10);
    expect(service.log.at(-1)?.length).toBeLessThan(2000);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["an address of a megabyte", { fhirServer: `http://a/${"/".repeat(1_000_000)}x` }, "fhirServer"],
    [
      "a token that no header can carry",
      {
        fhirServer: "https://a.example",
        fhirAuthorization: { ...(withEhr("").fhirAuthorization as object), access_token: "a\nb" },
      },
      "fhirAuthorization.access_token",
    ],
  ])("%s is refused by name", async (_name, parts, field) => {
    const { status, body } = await service.orderSign(call([draft()], EMPTY_CHART, parts));
    expect([status, (body as { issue: { expression: string[] }[] }).issue[0]?.expression]).toEqual([400, [field]]);
  });

  test("an id that is half a character is refused where it is the patient's, and names nothing elsewhere", async () => {
    const ehr = await startService({ fhirServers: ["http://127.0.0.1:9/fhir"] });
    const half = '"\\ud800"';
    const parts = withEhr("http://127.0.0.1:9/fhir");
    const text = JSON.stringify(
      call([draftOf({ medicationReference: { reference: "Medication/HALF" } })], EMPTY_CHART, parts),
    );
    const send = (body: string) => ehr.request("POST", PATH, { body, headers: JSON_TYPE });
    expect((await send(text.replace('"Medication/HALF"', '"Medication/\\ud800"'))).status).toBe(200);
    expect((await send(text.replace('"patientId":"case-patient"', `"patientId":${half}`))).status).toBe(400);
    await ehr.stop();
  });

  test.each([
    ["brackets that do not match", `[${"}".repeat(100_000)},${"[".repeat(100)}`],
    ["other brackets that do not match", "[}".repeat(100_000)],
    ["a fault in every place", `[${"@,".repeat(499_000)}`],
    ["only the ends of lines, and then a fault", `[${"\n".repeat(8_000_000)}x`],
  ])("%s are no JSON", async (_name, body) => {
    expect((await post(body)).status).toBe(400);
  });

  test("a call that nobody waited for is no success in the log", async () => {
    const id = "left-early";
    const socket = await begin(service, [`X-Request-Id: ${id}`]);
    socket.destroy();
    const lines = () => service.log.map((line) => JSON.parse(line)).filter(({ call }) => call === id);
    await until(() => lines().length > 0);
    expect(lines()).toMatchObject([{ status: 499, aborted: true }]);
  });

  test("a compressed body is not read: nobody needs one, and a small one may be a large one", async () => {
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    const response = await fetch(service.url + PATH, {
      method: "POST",
      headers,
      body: gzipSync(JSON.stringify(call())),
    });
    expect([response.status, await response.text()]).toEqual([415, expect.stringContaining("not compressed")]);
  });

  test("headers without end are refused", async () => {
    expect((await fetch(service.url + PATH, { headers: { padding: "x".repeat(20_000) } })).status).toBe(431);
  });

  test("keys that reach for prototypes stay data: they come back in the suggestion, and nowhere else", async () => {
    const body = JSON.stringify(call()).replace('"status":"draft"', '"status":"draft","__proto__":{"polluted":true}');
    const { text } = await post(body);
    expect(text).toContain('"__proto__":{"polluted":true}');
    expect({}).not.toHaveProperty("polluted");
    expect(Object.prototype).not.toHaveProperty("polluted");
  });
});

describe("too slow", () => {
  const limits: ServerLimits = { headersTimeout: 200, requestTimeout: 400, keepAliveTimeout: 300, maxConnections: 3 };
  let slow: Service;
  beforeEach(async () => {
    slow = await startService({ limits });
  });
  afterEach(() => slow.stop());

  /** Sends the text, then waits: what comes back until the connection is closed. */
  const sendAndWait = (text: string, to = slow) =>
    new Promise<string>((resolve) => {
      let received = "";
      const socket = connect(Number(new URL(to.url).port), "127.0.0.1", () => socket.write(text));
      socket.on("data", (data) => {
        received += data;
      });
      socket.on("error", () => {}).on("close", () => resolve(received));
    });

  test("headers that never end are ended", async () => {
    expect(await sendAndWait(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nX-Slow: `)).toMatch(/^HTTP\/1.1 408/);
  });

  test("a body that never ends is ended", async () => {
    const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
    expect(await sendAndWait(`${head}{"hook":`)).toMatch(/^HTTP\/1.1 408/);
  });

  test("connections beyond the limit are closed, and room is made again", async () => {
    const patient = await startService({ limits: { ...limits, headersTimeout: 60_000, requestTimeout: 60_000 } });
    const held = [1, 2, 3].map(() => connect(Number(new URL(patient.url).port), "127.0.0.1"));
    await Promise.all(held.map((socket) => once(socket, "connect"))); // taken in the order in which they came
    const ask = () => sendAndWait("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", patient);
    expect(await ask()).toBe("");
    for (const socket of held) socket.destroy();
    await until(async () => / 200 OK/.test(await ask()));
    await patient.stop();
  });
});

describe("too often", () => {
  const from = (address: string) => ({ headers: { "x-forwarded-for": address } });

  test("open mode: by address, as the proxy tells it; health is not counted", async () => {
    const limited = await startService({ rateLimit: 3, trustProxy: 1 });
    const statusOf = async (address: string) => (await limited.request("GET", "/cds-services", from(address))).status;
    for (let calls = 0; calls < 3; calls += 1) expect(await statusOf("198.51.100.1")).toBe(200);
    const refused = await limited.request("GET", "/cds-services", from("198.51.100.1"));
    expect([refused.status, issueOf(refused.body)?.code]).toEqual([429, "throttled"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    expect(await statusOf("198.51.100.2")).toBe(200);
    expect((await limited.request("GET", "/health/live", from("198.51.100.1"))).status).toBe(200);
    await limited.stop();
  });

  test("every route is limited, whoever asks for it, and health alone is not", async () => {
    const scenarios = loadScenarios("cards", loadPolicies("cards"));
    const limited = await startService({ rateLimit: 2, trustProxy: 1, playground: { scenarios, fhirServers: [] } });
    const routes: [string, string][] = [
      ["GET", "/"],
      ["GET", "/playground/main.js"],
      ["GET", "/playground/start.json"],
      ["GET", "/playground/vendor/markdown-it.js"],
      ["POST", "/playground/explain"],
      ["GET", "/openapi.json"],
      ["GET", "/policies/imatinib-preferred"],
      ["GET", "/policies/another"],
      ["POST", "/policies/imatinib-preferred"],
      ["GET", "/insights"],
      ["POST", "/insights"],
      ["GET", "/nothing"],
      ["GET", "/cds-services"],
      ["OPTIONS", "/cds-services"],
      ["OPTIONS", `${PATH}/feedback`],
      ["POST", PATH],
      ["POST", `${PATH}/feedback`],
      ["POST", "/cds-services/another"],
    ];
    const passed: string[] = [];
    for (const [at, [method, path]] of routes.entries()) {
      const statuses: number[] = [];
      for (let calls = 0; calls < 3; calls += 1) {
        statuses.push((await limited.request(method, path, from(`198.51.100.${at}`))).status);
      }
      if (statuses[1] === 429 || statuses[2] !== 429) passed.push(`${method} ${path}: ${statuses}`);
    }
    expect(passed).toEqual([]);
    for (const path of ["/health/live", "/health/ready"]) {
      for (let calls = 0; calls < 5; calls += 1) {
        expect((await limited.request("GET", path, from("198.51.100.1"))).status).toBe(200);
      }
    }
    await limited.stop();
  });

  test("an address that a client makes up is not believed without a proxy", async () => {
    const limited = await startService({ rateLimit: 2, trustProxy: 0 });
    const statuses = [];
    for (const address of ["198.51.100.1", "198.51.100.2", "198.51.100.3"]) {
      statuses.push((await limited.request("GET", "/cds-services", from(address))).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    await limited.stop();
  });

  test("a port that the proxy writes after the address makes no other address", async () => {
    const limited = await startService({ rateLimit: 2, trustProxy: 1 });
    const statuses = [];
    for (const address of ["198.51.100.1:1", "198.51.100.1:2", "198.51.100.1:3"]) {
      statuses.push((await limited.request("GET", "/cds-services", from(address))).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    await limited.stop();
  });

  test("one host with many IPv6 addresses counts as one", async () => {
    const limited = await startService({ rateLimit: 2, trustProxy: 1 });
    const statuses = [];
    for (const address of ["2001:db8::1", "2001:db8::2", "2001:db8::3"]) {
      statuses.push((await limited.request("GET", "/cds-services", from(address))).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    await limited.stop();
  });

  test("registered: by client, whatever its address; one client's rate does not use up another's", async () => {
    const other = await createSigner("https://other.example.org");
    const clients = [
      registered("https://ehr.example.org", [signer.publicKey]),
      registered("https://other.example.org", [other.publicKey]),
    ];
    const limited = await startService({ clients, rateLimit: 2 });
    const statusOf = async (by: Signer) => (await limited.orderSign(call(), await by.sign())).status;
    expect([await statusOf(signer), await statusOf(signer), await statusOf(signer)]).toEqual([200, 200, 429]);
    expect(await statusOf(other)).toBe(200);
    await limited.stop();
  });

  test("only refusals shut an address out: calls that are let in, or end early, do not", async () => {
    const other = await createSigner("https://other.example.org");
    const clients = [
      registered("https://ehr.example.org", [signer.publicKey]),
      registered("https://other.example.org", [other.publicKey]),
    ];
    const limited = await startService({ clients, rateLimit: 3 });
    for (let calls = 0; calls < 6; calls += 1) {
      const socket = await begin(limited, [`Authorization: Bearer ${await other.sign()}`]);
      socket.destroy();
    }
    await until(() => limited.log.filter((line) => line.includes('"msg":"call"')).length === 6);
    expect((await limited.orderSign(call(), await signer.sign())).status).toBe(200);
    await limited.stop();
  });

  test("refused tokens: an address that sends nothing else is no longer looked at", async () => {
    const limited = await startService({
      clients: [registered("https://ehr.example.org", [signer.publicKey])],
      rateLimit: 2,
    });
    const statuses = [];
    for (let calls = 0; calls < 3; calls += 1) statuses.push((await limited.orderSign(call(), "a.b.c")).status);
    expect(statuses).toEqual([401, 401, 429]);
    expect((await limited.orderSign(call(), await signer.sign())).status).toBe(429);
    await limited.stop();
  });
});

describe("headers of every answer", () => {
  test.each(["/cds-services", PATH, "/health/live", "/policies/imatinib-preferred", "/nothing"])("%s", async (path) => {
    const { headers } = await service.request("GET", path, { headers: { accept: "text/html, application/json" } });
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("strict-transport-security")).toContain("max-age=31536000");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });

  test("answers of the endpoints are not kept by caches", async () => {
    expect((await service.orderSign(call())).headers.get("cache-control")).toBe("no-store");
  });
});

describe("whatever comes", () => {
  const BUDGET = { numRuns: 200, seed: 20261124 };
  let closed: Service;
  beforeAll(async () => {
    closed = await startService({ clients: [registered("https://ehr.example.org", [signer.publicKey])] });
  });
  afterAll(() => closed.stop());

  /** What a header can carry. */
  const headerText = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  const json = fc.jsonValue();
  const forged = fc
    .tuple(json, json, headerText)
    .map(([header, claims, signature]) => `Bearer ${encode(header)}.${encode(claims)}.${encode(signature)}`);
  const halfGood = fc
    .tuple(
      fc.constantFrom("alg", "typ", "kid", "jku", "crit"),
      json,
      fc.constantFrom("iss", "aud", "exp", "iat", "nbf", "jti"),
      json,
    )
    .map(([member, one, claim, two]) => {
      const header = { alg: "ES384", typ: "JWT", kid: signer.kid, [member]: one };
      const claims = {
        iss: "https://ehr.example.org",
        aud: BASE_URL + PATH,
        exp: 9e9,
        iat: Date.now() / 1000,
        jti: "j",
        [claim]: two,
      };
      return `Bearer ${encode(header)}.${encode(claims)}.AAAA`;
    });

  test("no Authorization gives a 5xx, or lets anybody in", () => {
    const property = fc.asyncProperty(
      fc.oneof(headerText, forged, halfGood),
      fc.constantFrom<[string, string]>(["GET", "/cds-services"], ["POST", PATH], ["POST", `${PATH}/feedback`]),
      async (authorization, [method, path]) => {
        const { status } = await closed.request(method, path, { headers: { ...JSON_TYPE, authorization } });
        expect(status).toBe(401);
      },
    );
    return fc.assert(property, BUDGET);
  });

  test("no path, method or content type gives a 5xx", () => {
    const segment = fc.oneof(
      fc.webSegment(),
      fc.constantFrom("..", "%2e%2e", "%", "%00", "%ff", "cds-services", SERVICE_ID, "feedback", "__proto__"),
    );
    const property = fc.asyncProperty(
      fc.constantFrom("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"),
      fc.array(segment, { maxLength: 5 }),
      headerText,
      json,
      async (method, segments, contentType, body) => {
        const init = method === "POST" || method === "PUT" ? { body: JSON.stringify(body) } : {};
        const response = await fetch(`${service.url}/${segments.join("/")}`, {
          method,
          headers: { "content-type": contentType.trim() || "x" },
          ...init,
        });
        await response.text();
        expect(response.status).toBeLessThan(500);
      },
    );
    return fc.assert(property, BUDGET);
  });

  test("no feedback gives a 5xx", () => {
    const property = fc.asyncProperty(
      fc.dictionary(
        fc.constantFrom(
          "card",
          "outcome",
          "acceptedSuggestions",
          "overrideReason",
          "overrideReasons",
          "outcomeTimestamp",
        ),
        json,
      ),
      async (one) => {
        expect((await service.feedback({ feedback: [one] })).status).toBeLessThan(500);
      },
    );
    return fc.assert(property, BUDGET);
  });

  test("a body that is cut anywhere, or holds any bytes, gives no 5xx", () => {
    const text = JSON.stringify(call([draft()], { ...EMPTY_CHART, medicationStatements: bundle(statement()) }));
    const property = fc.asyncProperty(fc.nat(text.length), fc.uint8Array({ maxLength: 50 }), async (at, bytes) => {
      const body = Buffer.concat([Buffer.from(text.slice(0, at)), bytes, Buffer.from(text.slice(at))]);
      for (const each of [body, Buffer.from(text.slice(0, at))]) {
        const response = await fetch(service.url + PATH, { method: "POST", headers: JSON_TYPE, body: each });
        await response.text();
        expect(response.status).toBeLessThan(500);
      }
    });
    return fc.assert(property, BUDGET);
  });
});

test("after all of it: nothing was rejected without being handled, and the service answers", async () => {
  expect(rejections).toEqual([]);
  expect(await service.cards(call())).toHaveLength(1);
});
