// Open mode: a web page whose own name leads to this machine (DNS rebinding) gets neither the report nor the playground.
import { request } from "node:http";
import { loadScenarios } from "../../src/cases/scenarios.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { forgetful, type Service, type ServiceOptions, startService } from "../support/service.ts";
import { createSigner, registered } from "../support/tokens.ts";

const report = { cards: 0 } as never;
const playground = { scenarios: loadScenarios("cards", loadPolicies("cards")), fhirServers: [] };
const start = (options: ServiceOptions = {}) =>
  startService({ playground, store: { ...forgetful, report: async () => report }, ...options });

const PATHS: [string, string][] = [
  ["GET", "/insights"],
  ["GET", "/"],
  ["GET", "/playground/start.json"],
  ["GET", "/playground/main.js"],
  ["POST", "/playground/explain"],
];

/** As fetch will not: under another name than the address. */
function ask(service: Service, [method, path]: [string, string], headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const sent = request(service.url + path, { method, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
    });
    sent.on("error", reject).end();
  });
}

async function statusesUnder(service: Service, host: string, more: Record<string, string> = {}) {
  const answers = await Promise.all(PATHS.map((path) => ask(service, path, { host, ...more })));
  return [...new Set(answers.map(({ status }) => (status === 421 ? 421 : "answered")))];
}

let service: Service;
beforeAll(async () => {
  service = await start();
});
afterAll(() => service.stop());

test.each(["localhost", "localhost:3000", "127.0.0.1:3000", "127.0.0.2", "[::1]:3000", "LOCALHOST"])(
  "%s is this machine",
  async (host) => {
    expect(await statusesUnder(service, host)).toEqual(["answered"]);
  },
);

test.each(["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "%"])(
  "%s is not",
  async (host) => {
    expect(await statusesUnder(service, host)).toEqual([421]);
  },
);

test("what a page may write beside Host changes nothing, also behind a proxy", async () => {
  const proxied = await start({ trustProxy: 1 });
  expect(await statusesUnder(proxied, "evil.example", { "x-forwarded-host": "localhost" })).toEqual([421]);
  await proxied.stop();
});

test("the address that is listened on, and the public one, on any port", async () => {
  const open = await start({ host: "192.0.2.1", baseUrl: "https://cds.example.org/base" });
  for (const host of ["192.0.2.1:3000", "cds.example.org", "CDS.example.org:443"]) {
    expect(await statusesUnder(open, host)).toEqual(["answered"]);
  }
  expect(await statusesUnder(open, "192.0.2.2")).toEqual([421]);
  const { text } = await ask(open, ["GET", "/insights"], { host: "192.0.2.2" });
  expect(JSON.parse(text)).toMatchObject({
    resourceType: "OperationOutcome",
    issue: [{ code: "forbidden", diagnostics: expect.stringContaining("set BASE_URL to the address you use") }],
  });
  expect(text).not.toContain("192.0.2.2");
  await open.stop();
  const six = await start({ host: "2001:db8::1" });
  expect(await statusesUnder(six, "[2001:DB8::1]:3000")).toEqual(["answered"]);
  await six.stop();
});

test("calls, policies and health answer under any name, and so does everything for registered clients, who have tokens", async () => {
  const host = "evil.example";
  for (const path of ["/cds-services", "/policies/imatinib-preferred", "/openapi.json", "/health/live"]) {
    expect((await ask(service, ["GET", path], { host })).status).toBe(200);
  }
  const signer = await createSigner("https://ehr.example.org");
  const closed = await start({ clients: [registered("https://ehr.example.org", [signer.publicKey])] });
  expect(await statusesUnder(closed, host)).toEqual(["answered"]);
  await closed.stop();
});
