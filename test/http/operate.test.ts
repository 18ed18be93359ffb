// What operations see of a call: its line in the log, its id and trace, and what is counted.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { collectState, createMetrics } from "../../src/http/metrics.ts";
import { traceOf } from "../../src/http/trace.ts";
import { openDatabase } from "../../src/store/open.ts";
import { openStore } from "../../src/store/store.ts";
import {
  allergy,
  bundle,
  call,
  draft,
  draftOf,
  EMPTY_CHART,
  GENERIC_400,
  statement,
  withEhr,
} from "../support/calls.ts";
import { forgetful, type Service, startService, stop } from "../support/service.ts";
import { createSigner, registered, type Signer } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const ISSUER = "https://ehr.example.org";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
let service: Service;
let signer: Signer;
let fhirServer: string;
let headersAtEhr: Record<string, unknown>[];
let ehr: ReturnType<typeof createServer>;
let broken = false;

beforeAll(async () => {
  ehr = createServer((request, response) => {
    headersAtEhr.push(request.headers);
    if (broken) return void response.writeHead(500).end();
    response.writeHead(200, { "content-type": "application/fhir+json" }).end(JSON.stringify(bundle()));
  });
  await new Promise<void>((resolve) => ehr.listen(0, "127.0.0.1", resolve));
  fhirServer = `http://127.0.0.1:${(ehr.address() as AddressInfo).port}/fhir`;
  signer = await createSigner(ISSUER);
  service = await startService({
    clients: [registered(ISSUER, [signer.publicKey], { fhirServers: [fhirServer] })],
    halfOpenAfter: 3_600_000,
  });
});
beforeEach(() => {
  headersAtEhr = [];
});
afterAll(async () => {
  await service.stop();
  await stop(ehr);
});

const lastLine = () => JSON.parse(service.log.at(-1) ?? "{}");
const send = async (body: unknown, headers: Record<string, string> = {}) =>
  service.request("POST", "/cds-services/preferred-product-order-sign", {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", authorization: `Bearer ${await signer.sign()}`, ...headers },
  });

describe("the line of a call", () => {
  test("a card: who asked, what was read, what was decided and why, and how long each step took", async () => {
    await send(call());
    expect(lastLine()).toMatchObject({
      ...{ client: "ehr.example.org", method: "POST", path: "/cds-services/:id", status: 200, hook: "order-sign" },
      hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
      cards: [{ uuid: expect.any(String), suggestions: 1 }],
      decisions: [
        {
          policy: "imatinib-preferred",
          row: "change",
          payer: "unknown",
          criteria: { "1A": "not-found", "1B": "not-found", "1C": "not-found" },
          changes: ["replace"],
        },
      ],
      reads: { allergies: "prefetch: whole", coverage: "prefetch: whole" },
      milliseconds: expect.any(Number),
      steps: { received: expect.any(Number), read: expect.any(Number), decide: expect.any(Number) },
    });
  });

  const payer = bundle({
    resourceType: "Coverage",
    status: "active",
    beneficiary: { reference: "Patient/case-patient" },
    payor: [{ display: "Example Health Plan" }],
  });
  test.each<[string, unknown, Record<string, unknown>]>([
    [
      "another drug",
      call([draft({ medicationCodeableConcept: GENERIC_400 })]),
      { why: "no policy applies to the draft orders" },
    ],
    ["another payer", call([draft()], { ...EMPTY_CHART, coverage: payer }), { decisions: [{ row: "other-payer" }] }],
    [
      "the exception is documented",
      call([draft()], { ...EMPTY_CHART, medicationStatements: bundle(statement()), allergies: bundle(allergy()) }),
      { decisions: [{ row: "exception-established", criteria: { "1B": "documented", "1C": "documented" } }] },
    ],
    [
      "orders of another patient",
      call([draft({ subject: { reference: "Patient/another" } })]),
      { draftsOfAnotherPatient: 1 },
    ],
    [
      "drafts of which nothing says what they order",
      call([
        draftOf({ medicationReference: { reference: "Medication/nowhere" } }),
        draftOf({ medicationCodeableConcept: "Gleevec" }),
        draftOf({}),
      ]),
      { draftsWithoutDrug: 3, why: "no policy applies to the draft orders" },
    ],
    [
      "nothing was received (412)",
      call([draft()], null),
      {
        status: 412,
        decisions: [{ row: "nothing-read" }],
        reads: { allergies: "nowhere: not-received: not in prefetch, and the EHR may not be called" },
      },
    ],
  ])("tells why there is no card: %s", async (_name, body, told) => {
    await send(body);
    expect(lastLine()).toMatchObject({ status: 200, ...told });
    expect(lastLine().cards ?? []).toEqual([]);
  });
});

describe("the id of a call", () => {
  test("is the client's, in the log and in the answer", async () => {
    const { headers } = await send(call(), { "x-request-id": "order.4711-a" });
    expect(headers.get("x-request-id")).toBe("order.4711-a");
    expect(lastLine().call).toBe("order.4711-a");
  });

  test.each([
    ["none", undefined],
    ["with spaces", "a b"],
    ["with markup", "<b>"],
    ["without end", "x".repeat(200)],
  ])("is a new one where the client's is %s", async (_name, given) => {
    const { headers } = await send(call(), given === undefined ? {} : { "x-request-id": given });
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(lastLine().call).toBe(headers.get("x-request-id"));
  });
});

describe("a trace", () => {
  test("goes on to the EHR as another span of the same trace, and stands in the log", async () => {
    await send(call([draft()], null, withEhr(fhirServer)), { traceparent: TRACEPARENT, tracestate: "vendor=1" });
    expect(headersAtEhr).toHaveLength(5);
    for (const headers of headersAtEhr) {
      expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
      expect(headers.traceparent).not.toBe(TRACEPARENT);
      expect(headers.tracestate).toBe("vendor=1");
    }
    expect(lastLine().trace).toBe(TRACE);
  });

  test("that does not come is not made up", async () => {
    await send(call([draft()], null, withEhr(fhirServer)));
    expect(headersAtEhr[0]).not.toHaveProperty("traceparent");
    expect(lastLine()).not.toHaveProperty("trace");
  });

  test.each([
    ["zeros", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`],
    ["a version that there is not", `ff-${TRACE}-00f067aa0ba902b7-01`],
    ["another shape", "4bf92f3577b34da6"],
    ["capitals", TRACEPARENT.toUpperCase()],
  ])("of %s is none", (_name, traceparent) => {
    expect(traceOf(traceparent, undefined)).toBeUndefined();
  });

  test("a state that no header can carry is left out", () => {
    expect(traceOf(TRACEPARENT, "a\u00e9")?.headers).not.toHaveProperty("tracestate");
  });
});

describe("metrics", () => {
  const text = async () => service.metrics.registry.metrics();
  const countOf = async (line: string) =>
    Number(
      (await text())
        .split("\n")
        .find((each) => each.startsWith(`${line} `))
        ?.split(" ")
        .at(-1) ?? 0,
    );

  test("count calls by client, endpoint, status and outcome, and their time", async () => {
    const labels = 'client="ehr.example.org",endpoint="/cds-services/:id"';
    const [card, none] = [
      `cds_calls_total{${labels},status="200",outcome="card"}`,
      `cds_calls_total{${labels},status="200",outcome="none"}`,
    ];
    const before = [await countOf(card), await countOf(none)];
    await send(call());
    await send(call([]));
    expect([(await countOf(card)) - (before[0] ?? 0), (await countOf(none)) - (before[1] ?? 0)]).toEqual([1, 1]);
    await service.request("GET", "/cds-services");
    expect(
      await countOf('cds_calls_total{client="unknown",endpoint="/cds-services",status="401",outcome="error"}'),
    ).toBeGreaterThan(0);
    expect(await text()).toContain('cds_call_duration_seconds_bucket{le="0.5",endpoint="/cds-services/:id"}');
  });

  test("count decisions by row, and feedback", async () => {
    const row = 'cds_decisions_total{policy="imatinib-preferred",row="change"}';
    const before = await countOf(row);
    await send(call());
    expect((await countOf(row)) - before).toBe(1);
    const token = await signer.sign({
      aud: "http://127.0.0.1:3000/cds-services/preferred-product-order-sign/feedback",
    });
    const one = { card: randomUUID(), outcome: "overridden", outcomeTimestamp: "2026-11-24T10:00:00Z" };
    await service.feedback({ feedback: [one, { ...one, card: randomUUID() }] }, token);
    expect(await countOf('cds_feedback_total{client="ehr.example.org",outcome="overridden"}')).toBe(2);
  });

  test("count what the EHR answers, and show a breaker that is open", async () => {
    const server = `client="ehr.example.org",server="${fhirServer}"`;
    await send(call([draft()], null, withEhr(fhirServer)));
    expect(await countOf(`cds_ehr_calls_total{${server},result="read"}`)).toBeGreaterThanOrEqual(5);
    expect(await countOf(`cds_ehr_breaker_open{${server}}`)).toBe(0);
    broken = true;
    for (let calls = 0; calls < 3; calls += 1) await send(call([draft()], null, withEhr(fhirServer)));
    expect(await countOf(`cds_ehr_calls_total{${server},result="failed"}`)).toBe(10);
    expect(await countOf(`cds_ehr_calls_total{${server},result="circuit-open"}`)).toBe(5);
    expect(await countOf(`cds_ehr_breaker_open{${server}}`)).toBe(1);
  });

  test("hold nothing of a patient", async () => {
    expect(await text()).not.toMatch(/case-patient|planted/);
  });

  test("show the process and the store", async () => {
    const metrics = createMetrics();
    collectState(metrics, { ...forgetful, decisionLog: () => ({ waiting: 3, dropped: 7 }) });
    const shown = await metrics.registry.metrics();
    for (const line of ["cds_store_up 1", "cds_decision_log_waiting 3", "cds_decision_log_dropped_total 7"]) {
      expect(shown).toContain(`\n${line}\n`);
    }
    expect(shown).toContain("nodejs_eventloop_lag_seconds");
    const store = openStore(openDatabase("sqlite:/etc/hostname/cds.db"), {
      log: pino({ level: "silent" }),
      retention: 1,
      keepComments: false,
    });
    const down = createMetrics();
    collectState(down, store);
    store.logCards([]);
    await until(async () => (await down.registry.metrics()).includes("cds_store_up 0"));
    await store.close();
  });
});
