// The EHR fails in every way that one can: the answer comes, with the deadline at the latest, says what could not be read, and the process
// lives. nock plays the EHR.
import nock from "nock";
import { isAllowedServer } from "../../src/chart/ehr.ts";
import { bundle, call, draft, PATIENT, statement, withEhr } from "../support/calls.ts";
import { holdDeadlines } from "../support/deadline.ts";
import { type Card, type Service, startService } from "../support/service.ts";
import { until } from "../support/until.ts";

const EHR = "https://ehr.example.org/fhir";
let service: Service;
const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);

beforeAll(async () => {
  nock.disableNetConnect();
  nock.enableNetConnect("127.0.0.1");
  process.on("unhandledRejection", note);
  service = await startService({ fhirServers: [EHR] });
});
afterEach(() => nock.cleanAll());
afterAll(async () => {
  await service.stop();
  process.off("unhandledRejection", note);
  nock.enableNetConnect();
  nock.restore();
});

const FHIR = { "content-type": "application/fhir+json; charset=utf-8" };
const interceptor = (type: string) => nock(EHR).get(`/${type}`).query(true);
const empty = (...types: string[]) => {
  for (const type of types) interceptor(type).reply(200, bundle(), FHIR);
};
const OTHERS = ["Coverage", "MedicationRequest", "MedicationDispense", "AllergyIntolerance"];
const fetching = call([draft()], null, withEhr(EHR));
const cardOf = async (): Promise<Card | undefined> => (await service.cards(fetching))[0];
const waitForever = () => new Promise<never>(() => {});
/** How many requests to the EHR were answered, so far. */
const sourcesRead = async () => {
  const { values = [] } = (await service.metrics.registry.getSingleMetric("cds_ehr_calls_total")?.get()) ?? {};
  return values.find(({ labels }) => labels.result === "read")?.value ?? 0;
};

describe("medication statements fail, the rest is read", () => {
  const failures: [string, () => void][] = [
    [
      "refused",
      () =>
        interceptor("MedicationStatement").replyWithError(
          Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
        ),
    ],
    [
      "reset",
      () =>
        interceptor("MedicationStatement").replyWithError(Object.assign(new Error("reset"), { code: "ECONNRESET" })),
    ],
    ["401", () => interceptor("MedicationStatement").reply(401, "")],
    ["403", () => interceptor("MedicationStatement").reply(403, { resourceType: "OperationOutcome" }, FHIR)],
    ["500", () => interceptor("MedicationStatement").reply(500, "<h1>planted-stack</h1>")],
    [
      "400",
      () =>
        interceptor("MedicationStatement").reply(
          400,
          { resourceType: "OperationOutcome", issue: [{ severity: "error", code: "invalid" }] },
          FHIR,
        ),
    ],
    [
      "HTML instead of JSON",
      () => interceptor("MedicationStatement").reply(200, "<html>log in</html>", { "content-type": "text/html" }),
    ],
    ["JSON that ends early", () => interceptor("MedicationStatement").reply(200, '{"resourceType":"Bun', FHIR)],
    ["JSON that is no search result", () => interceptor("MedicationStatement").reply(200, "[1,2]", FHIR)],
    [
      "an OperationOutcome with 200",
      () =>
        interceptor("MedicationStatement").reply(
          200,
          { resourceType: "OperationOutcome", issue: [{ severity: "error" }] },
          FHIR,
        ),
    ],
    [
      "a redirect",
      () => interceptor("MedicationStatement").reply(302, "", { location: "https://evil.example/MedicationStatement" }),
    ],
  ];

  test.each(failures)("%s", async (_name, fail) => {
    fail();
    empty(...OTHERS);
    const card = await cardOf();
    expect(card?.detail).toContain("Could not be read: medication statements.");
    expect(card?.detail).toContain("Tried generic imatinib tablets: **not found in what was received**");
    expect(service.log.at(-1)).toContain('"medicationStatements":"nowhere: failed: ');
  });

  test("silent past the deadline", async () => {
    const before = await sourcesRead();
    const deadlines = holdDeadlines();
    interceptor("MedicationStatement").reply(waitForever);
    empty(...OTHERS);
    const card = cardOf();
    await until(async () => (await sourcesRead()) === before + OTHERS.length);
    deadlines.pass();
    expect((await card)?.detail).toContain("Could not be read: medication statements.");
    expect(service.log.at(-1)).toContain('"medicationStatements":"nowhere: failed: deadline"');
  });
});

test("pages that never end: what was read is used, and the card says that it is a part", async () => {
  empty(...OTHERS);
  let page = 0;
  nock(EHR)
    .persist()
    .get("/MedicationStatement")
    .query(true)
    .reply(
      200,
      () => {
        page += 1;
        return {
          ...bundle(statement({ id: `s${page}` })),
          link: [{ relation: "next", url: `${EHR}/MedicationStatement?page=${page}` }],
        };
      },
      FHIR,
    );
  const card = await cardOf();
  expect(card?.detail).toContain("Tried generic imatinib tablets: **found**");
  expect(card?.detail).toContain("Received in part: medication statements.");
});

test("the next link that leads back to itself is followed once", async () => {
  empty(...OTHERS);
  const page = {
    ...bundle(),
    link: [{ relation: "next", url: `${EHR}/MedicationStatement?patient=${PATIENT}&page=1` }],
  };
  nock(EHR).get("/MedicationStatement").query(true).times(2).reply(200, page, FHIR);
  expect((await cardOf())?.detail).toContain("Received in part: medication statements.");
});

test("pages are followed on the same server, and the last one is read", async () => {
  empty(...OTHERS);
  const first = { ...bundle(), link: [{ relation: "next", url: `${EHR}/MedicationStatement?page=2` }] };
  nock(EHR).get("/MedicationStatement").query({ patient: PATIENT }).reply(200, first, FHIR);
  nock(EHR)
    .get("/MedicationStatement")
    .query({ page: "2" })
    .matchHeader("authorization", "Bearer planted-access-token")
    .reply(200, bundle(statement()), FHIR);
  const card = await cardOf();
  expect(card?.detail).toContain("Tried generic imatinib tablets: **found**");
  expect(card?.detail).not.toContain("in part");
});

test("the next page of a prefetch is followed with the token", async () => {
  empty(...OTHERS);
  nock(EHR).get("/MedicationStatement").query({ page: "2" }).reply(200, bundle(statement()), FHIR);
  const paged = { ...bundle(), link: [{ relation: "next", url: `${EHR}/MedicationStatement?page=2` }] };
  const [card] = await service.cards(call([draft()], { medicationStatements: paged }, withEhr(EHR)));
  expect(card?.detail).toContain("Tried generic imatinib tablets: **found**");
});

test.each([
  ["another origin", "https://evil.example/fhir/MedicationStatement?page=2"],
  ["another path of the same host", "https://ehr.example.org/other/MedicationStatement?page=2"],
  ["a way out of the path", `${EHR}/../other?page=2`],
  ["a user name", "https://ehr.example.org@evil.example/fhir?page=2"],
])("a next link to %s gets no call and no token", async (_name, next) => {
  empty(...OTHERS);
  const stolen = nock(/evil|ehr/)
    .get(/other|evil|page=2/)
    .reply(200, bundle(statement()), FHIR);
  interceptor("MedicationStatement").reply(200, { ...bundle(), link: [{ relation: "next", url: next }] }, FHIR);
  expect((await cardOf())?.detail).toContain("Received in part: medication statements.");
  expect(stolen.isDone()).toBe(false);
});

test("a narrowed prefetch is replaced by the EHR's full answer", async () => {
  empty(...OTHERS.filter((type) => type !== "MedicationRequest"), "MedicationStatement");
  interceptor("MedicationRequest").reply(
    200,
    bundle({
      ...draft({ id: "r1", status: "stopped" }),
      medicationCodeableConcept: statement().medicationCodeableConcept,
    }),
    FHIR,
  );
  const narrowed = {
    ...bundle(),
    link: [{ relation: "self", url: `${EHR}/MedicationRequest?patient=${PATIENT}&status=active` }],
  };
  const [card] = await service.cards(call([draft()], { medicationRequests: narrowed }, withEhr(EHR)));
  expect(card?.detail).toContain("prescribed, which does not prove that it was taken");
  expect(card?.detail).not.toContain("leaves records out");
});

test("a narrowed prefetch that the EHR does not replace is used, and named", async () => {
  empty(...OTHERS.filter((type) => type !== "MedicationRequest"), "MedicationStatement");
  interceptor("MedicationRequest").reply(500);
  const narrowed = {
    ...bundle(),
    link: [{ relation: "self", url: `${EHR}/MedicationRequest?patient=${PATIENT}&status=active` }],
  };
  const [card] = await service.cards(call([draft()], { medicationRequests: narrowed }, withEhr(EHR)));
  expect(card?.detail).toContain("since the EHR's query leaves records out: prescriptions");
});

describe("a resource type that the EHR does not know is no failure, and is not mentioned", () => {
  test.each([
    ["404", () => interceptor("MedicationStatement").reply(404, "Not found")],
    [
      "400 with not-supported",
      () =>
        interceptor("MedicationStatement").reply(
          400,
          { resourceType: "OperationOutcome", issue: [{ severity: "error", code: "not-supported" }] },
          FHIR,
        ),
    ],
  ])("%s", async (_name, answer) => {
    answer();
    empty(...OTHERS);
    const card = await cardOf();
    expect(card?.detail).not.toMatch(/medication statements|could not be read|not received/i);
    expect(card?.detail).toContain("Tried generic imatinib tablets: **not found**");
    expect(card?.suggestions).toHaveLength(1);
  });

  test("but allergies that the EHR does not know are allergies that were not read", async () => {
    interceptor("AllergyIntolerance").reply(404);
    empty("Coverage", "MedicationStatement", "MedicationRequest", "MedicationDispense");
    expect(await cardOf()).not.toHaveProperty("suggestions");
  });
});

test("everything fails: 412, and the process still answers", async () => {
  for (const type of ["MedicationStatement", ...OTHERS]) interceptor(type).replyWithError("down");
  expect((await service.orderSign(fetching)).status).toBe(412);
  empty("MedicationStatement", ...OTHERS);
  expect(await cardOf()).toBeDefined();
});

test("everything is silent: 412 at the deadline", async () => {
  let asked = 0;
  const ask = () => {
    asked += 1;
    return waitForever();
  };
  for (const type of ["MedicationStatement", ...OTHERS]) interceptor(type).reply(ask);
  const deadlines = holdDeadlines();
  const answer = service.orderSign(fetching);
  await until(() => asked === 5);
  deadlines.pass();
  expect((await answer).status).toBe(412);
  expect(service.log.at(-1)).toContain("412");
});

test("nothing was rejected without being handled, and no token, answer or patient is in the log", () => {
  expect(rejections).toEqual([]);
  expect(service.log.join()).not.toMatch(/planted|Bearer|case-patient/);
});

test.each([
  ["https://ehr.example.org/fhir", true],
  ["https://ehr.example.org/fhir/", true],
  ["https://EHR.example.org/fhir", true],
  ["https://ehr.example.org/fhir/tenant", true],
  ["https://ehr.example.org/fhirother", false],
  ["https://ehr.example.org/", false],
  ["http://ehr.example.org/fhir", false],
  ["https://ehr.example.org:8443/fhir", false],
  ["https://ehr.example.org.evil.example/fhir", false],
  ["https://user@ehr.example.org/fhir", false],
  ["https://ehr.example.org/fhir/../other", false],
  ["https://ehr.example.org/fhir/%2e%2e/other", false],
  ["https://ehr.example.org/fhir?next=https%3A%2F%2Fother", false],
  ["https://ehr.example.org/fhir#other", false],
  ["https://ehr.example.org\\@evil.example/fhir", false],
  ["not a url", false],
])("allowed to call %s: %s", (server, allowed) => {
  expect(isAllowedServer(server, EHR)).toBe(allowed);
});
