// The OpenAPI document is well-formed, and true: what the service answers fits it, with no field beside, and what it refuses the
// document refuses.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { pino } from "pino";
import { callOfCase, loadCases } from "../../src/cases/cases.ts";
import { describeApi } from "../../src/http/openapi.ts";
import { openDatabase } from "../../src/store/open.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { call, draft, EMPTY_CHART, withEhr } from "../support/calls.ts";
import { type Databases, databases } from "../support/databases.ts";
import { type Answer, BASE_URL, type Service, startService } from "../support/service.ts";
import { createSigner, registered } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const document = describeApi({ baseUrl: BASE_URL, mode: "open" });
type Json = Record<string, unknown>;

/** Validates against a shape of the document. Answers may hold no field that it does not name. */
function validator(schemas: unknown): (name: string) => ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false, keywords: ["components"] });
  formats.default(ajv);
  ajv.addSchema({
    $id: "api",
    components: { schemas: JSON.parse(JSON.stringify(schemas).replaceAll('"#/', '"api#/')) },
  });
  return (name) => ajv.getSchema(`api#/components/schemas/${name}`) as ValidateFunction;
}

const open = validator(document.components.schemas);
const closed = validator(close(document.components.schemas));
const shape = (name: string, isClosed = true) => (isClosed ? closed : open)(name);

function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, close(each)]);
  const isOpenObject = "properties" in value && "type" in value && !("additionalProperties" in value);
  return { ...Object.fromEntries(entries), ...(isOpenObject && { additionalProperties: false }) };
}

const faultsOf = (name: string, { body }: Answer): unknown => {
  const fits = shape(name);
  return fits(body) ? [] : fits.errors;
};

let server: Databases;
let store: Store;
let service: Service;
beforeAll(async () => {
  const log = pino({ level: "silent" });
  server = await databases.sqlite();
  store = openStore(openDatabase(await server.create()), { log, retention: 400, keepComments: false, every: 10 });
  await until(() => store.health().status === "ok");
  service = await startService({ store });
});
afterAll(async () => {
  await service.stop();
  await store.close();
  await server.stop();
});

describe("the document", () => {
  test("is OpenAPI 3.1, and all its references lead somewhere", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    const components = document.components as unknown as Record<string, Json>;
    expect(references.filter(([, kind = "", name = ""]) => !components[kind]?.[name])).toEqual([]);
  });

  test("is served to everybody, also where clients are registered", async () => {
    const { status, body } = await service.request("GET", "/openapi.json");
    expect([status, body]).toEqual([200, JSON.parse(JSON.stringify(document))]);
    const signer = await createSigner("https://ehr.example.org");
    const other = await startService({ clients: [registered("https://ehr.example.org", [signer.publicKey])] });
    const answer = await other.request("GET", "/openapi.json");
    expect([answer.status, (answer.body as Json).security]).toEqual([200, [{ clientToken: [] }]]);
    expect((await other.request("POST", "/openapi.json")).status).toBe(405);
    await other.stop();
  });

  test("names every path of docs/api.md, and is not silent about one", () => {
    const page = readFileSync("docs/api.md", "utf8");
    const told = [...page.matchAll(/^### `(GET|POST) ([^`]+)`/gm)].map(([, method, path]) => `${method} ${path}`);
    const paths = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(told.sort()).toEqual([...paths, "GET /openapi.json"].sort());
  });
});

describe("what the service answers", () => {
  test("discovery", async () => {
    expect(faultsOf("Discovery", await service.request("GET", "/cds-services"))).toEqual([]);
  });

  test("the cards of every case of the policy, for every way of replacing an order", async () => {
    const signer = await createSigner("https://ehr.example.org");
    for (const replacement of ["update", "delete-create", "separate", "none"] as const) {
      const client = registered("https://ehr.example.org", [signer.publicKey], { replacement });
      const one = await startService({ clients: [client] });
      // All cases in the usual form, some in the others.
      const cases = loadCases("cards/imatinib-preferred").filter((_, at) => replacement === "update" || at % 5 === 0);
      for (const each of cases) {
        const answer = await one.orderSign(callOfCase(each), await signer.sign());
        const name = answer.status === 200 ? "Cards" : "OperationOutcome";
        expect([each.name, faultsOf(name, answer)]).toEqual([each.name, []]);
      }
      await one.stop();
    }
  });

  test("feedback, and the report of it", async () => {
    const [card] = await service.cards(call());
    const [other] = await service.cards(call());
    const outcomeTimestamp = "2026-11-24T10:00:00Z";
    const accepted = { outcome: "accepted", acceptedSuggestions: [{ id: card?.suggestions?.[0]?.uuid }] };
    const reason = { code: "patient-refuses", system: "http://example.org" };
    const overridden = { outcome: "overridden", overrideReason: { reason } };
    const feedback = [
      { card: card?.uuid, ...accepted, outcomeTimestamp },
      { card: other?.uuid, ...overridden, outcomeTimestamp },
    ];
    expect(shape("Feedback")({ feedback })).toBe(true);
    const { status, text } = await service.feedback({ feedback });
    expect([status, text]).toEqual([200, ""]);
    const read = () => service.request("GET", "/insights?since=30d");
    expect(faultsOf("Insights", await service.request("GET", "/insights?policy=none"))).toEqual([]);
    await until(async () => ((await read()).body as { cards: number }).cards >= 2);
    expect(faultsOf("Insights", await read())).toEqual([]);
  });

  test("the policy, and health in each of its states", async () => {
    const headers = { accept: "application/json" };
    const policy = await service.request("GET", "/policies/imatinib-preferred", { headers });
    expect(faultsOf("Policy", policy)).toEqual([]);
    expect(faultsOf("Live", await service.request("GET", "/health/live"))).toEqual([]);
    expect(faultsOf("Ready", await service.request("GET", "/health/ready"))).toEqual([]);
    const states = [
      [{ status: "degraded", why: "ECONNREFUSED" }, true, "degraded", 200],
      [{ status: "starting", why: "ECONNREFUSED" }, true, "starting", 503],
      [{ status: "ok" }, false, "draining", 503],
    ] as const;
    for (const [health, isReady, state, expected] of states) {
      const one = await startService({ store: { ...store, health: () => health }, isReady: () => isReady });
      const ready = await fetch(`${one.url}/health/ready`);
      const body = (await ready.json()) as Json;
      expect([ready.status, body.status]).toEqual([expected, state]);
      expect(faultsOf("Ready", { status: ready.status, headers: ready.headers, text: "", body })).toEqual([]);
      await one.stop();
    }
  });

  test.each([
    ["GET", "/nowhere", 404],
    ["GET", "/cds-services/preferred-product-order-sign", 405],
    ["POST", "/cds-services/preferred-product-order-sign", 400],
    ["GET", "/insights?since=yesterday", 400],
    ["GET", "/policies/none", 404],
  ])("%s %s: an OperationOutcome", async (method, path, expected) => {
    const answer = await service.request(method, path);
    expect(answer.status).toBe(expected);
    expect(faultsOf("OperationOutcome", answer)).toEqual([]);
  });
});

describe("what the service takes: the document says the same", () => {
  const good = call([draft()], EMPTY_CHART, { ...withEhr("https://ehr.example.org/fhir"), extension: { any: 1 } });
  const context = good.context as Json;
  const auth = good.fhirAuthorization as Json;
  const { access_token, ...tokenless } = auth;
  const { patientId, ...patientless } = context;
  const { fhirServer, ...serverless } = good;

  test.each<[string, unknown]>([
    ["a call with everything", good],
    ["the example of the README", JSON.parse(readFileSync("docs/examples/change.json", "utf8"))],
    ["no prefetch", { ...good, prefetch: undefined }],
    ["prefetch null", { ...good, prefetch: null }],
    ["prefetch a list", { ...good, prefetch: [] }],
    ["a null in prefetch", { ...good, prefetch: { ...EMPTY_CHART, allergies: null } }],
    ["a token in lower case words", { ...good, fhirAuthorization: { ...auth, token_type: "bearer" } }],
    ["another hook", { ...good, hook: "order-select" }],
    ["hookInstance that is no UUID", { ...good, hookInstance: "1" }],
    ["no context", { ...good, context: undefined }],
    ["no patient", { ...good, context: patientless }],
    ["a patient without a name", { ...good, context: { ...context, patientId: "" } }],
    ["a patient with too long a name", { ...good, context: { ...context, patientId: "x".repeat(513) } }],
    ["a user that is no reference", { ...good, context: { ...context, userId: "1" } }],
    ["drafts that are no Bundle", { ...good, context: { ...context, draftOrders: { resourceType: "List" } } }],
    ["drafts without entries", { ...good, context: { ...context, draftOrders: { resourceType: "Bundle" } } }],
    ["no drafts", { ...good, context: { ...context, draftOrders: undefined } }],
    ["an encounter that is a number", { ...good, context: { ...context, encounterId: 1 } }],
    ["a token without a server", serverless],
    ["an authorization without a token", { ...good, fhirAuthorization: tokenless }],
    ["a token with a line break", { ...good, fhirAuthorization: { ...auth, access_token: "a\nb" } }],
    ["a token of another type", { ...good, fhirAuthorization: { ...auth, token_type: "MAC" } }],
    ["a server that is no address", { ...good, fhirServer: "ehr" }],
    ["a list", []],
  ])("order-sign: %s", async (_name, body) => {
    const sent = JSON.parse(JSON.stringify(body));
    const { status } = await service.orderSign(sent);
    expect([200, 400]).toContain(status === 412 ? 200 : status);
    expect(shape("OrderSignCall", false)(sent)).toBe(status !== 400);
  });

  const outcomeTimestamp = "2026-11-24T10:00:00.5+01:00";
  const overridden = { card: "c3ff875e-ad1c-478e-a170-f50dbcac2d6e", outcome: "overridden", outcomeTimestamp };
  test.each<[string, unknown]>([
    ["overridden", { feedback: [overridden] }],
    ["an empty batch", { feedback: [] }],
    ["no batch", {}],
    ["accepted without a suggestion", { feedback: [{ ...overridden, outcome: "accepted" }] }],
    ["accepted with none", { feedback: [{ ...overridden, outcome: "accepted", acceptedSuggestions: [] }] }],
    [
      "accepted",
      { feedback: [{ ...overridden, outcome: "accepted", acceptedSuggestions: [{ id: overridden.card }] }] },
    ],
    [
      "a suggestion that is no UUID",
      { feedback: [{ ...overridden, outcome: "accepted", acceptedSuggestions: [{ id: "s" }] }] },
    ],
    [
      "more suggestions than a card has",
      { feedback: [{ ...overridden, acceptedSuggestions: Array(51).fill({ id: overridden.card }) }] },
    ],
    ["another outcome", { feedback: [{ ...overridden, outcome: "ignored" }] }],
    ["a time without a zone", { feedback: [{ ...overridden, outcomeTimestamp: "2026-11-24T10:00:00" }] }],
    ["reasons in a list", { feedback: [{ ...overridden, overrideReasons: [{ userComment: "x" }] }] }],
    ["the site's reason", { feedback: [{ ...overridden, overrideReasons: { extension: { any: "reason" } } }] }],
    ["a reason without a code", { feedback: [{ ...overridden, overrideReason: { reason: { system: "x" } } }] }],
    ["a reason that says nothing", { feedback: [{ ...overridden, overrideReason: {} }] }],
    [
      "a comment that is too long",
      { feedback: [{ ...overridden, overrideReason: { userComment: "x".repeat(4001) } }] },
    ],
    ["a card without a name", { feedback: [{ ...overridden, card: "" }] }],
    ["a card that is no UUID", { feedback: [{ ...overridden, card: "c" }] }],
  ])("feedback: %s", async (_name, body) => {
    const { status } = await service.feedback(body);
    expect([200, 400]).toContain(status);
    expect(shape("Feedback", false)(body)).toBe(status !== 400);
  });
});
