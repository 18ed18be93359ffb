// HTTP manners: discovery, CORS, methods, paths, bodies that are not what they should be, health, and a failure inside.
import { randomUUID } from "node:crypto";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { call } from "../support/calls.ts";
import { forgetful, type Service, startService } from "../support/service.ts";

const PATH = `/cds-services/${SERVICE_ID}`;
const JSON_TYPE = { "content-type": "application/json" };
let service: Service;
beforeAll(async () => {
  service = await startService({ bodyLimit: 100 * 1024 });
});
afterAll(() => service.stop());

const diagnosticsOf = (body: unknown) => (body as { issue: { diagnostics: string }[] }).issue[0]?.diagnostics;
const post = (body: string, headers: Record<string, string> = JSON_TYPE) =>
  service.request("POST", PATH, { body, headers });

describe("discovery", () => {
  test("one service, named for what it is for, with plain prefetch templates", async () => {
    const { status, body } = await service.request("GET", "/cds-services");
    expect(status).toBe(200);
    const [only, ...others] = (body as { services: Record<string, unknown>[] }).services;
    expect(others).toEqual([]);
    expect(only).toMatchObject({ hook: "order-sign", id: "preferred-product-order-sign" });
    for (const key of ["title", "description", "usageRequirements"])
      expect(only?.[key]).toEqual(expect.stringMatching(/\w+ \w+/));
    expect(only?.prefetch).toEqual({
      coverage: "Coverage?patient={{context.patientId}}&status=active",
      medicationStatements: "MedicationStatement?patient={{context.patientId}}",
      medicationRequests: "MedicationRequest?patient={{context.patientId}}",
      medicationDispenses: "MedicationDispense?patient={{context.patientId}}",
      allergies: "AllergyIntolerance?patient={{context.patientId}}",
    });
    expect(only).not.toHaveProperty("actionSelectionBehavior");
  });

  test.each(["/cds-services/", "//cds-services", "/cds-services//"])("%s works", async (path) => {
    expect((await service.request("GET", path)).status).toBe(200);
  });

  test.each([`/cds-services//${SERVICE_ID}`, `//cds-services/${SERVICE_ID}/`])("POST %s works", async (path) => {
    expect((await service.request("POST", path, { body: JSON.stringify(call()), headers: JSON_TYPE })).status).toBe(
      200,
    );
  });
});

describe("CORS", () => {
  test.each(["/cds-services", PATH, `${PATH}/feedback`])("a preflight of %s is answered", async (path) => {
    const { status, headers } = await service.request("OPTIONS", path, {
      headers: {
        origin: "https://sandbox.cds-hooks.org",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
      },
    });
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-allow-headers")).toBe(
      "authorization,content-type,x-request-id,traceparent,tracestate",
    );
    expect(headers.get("access-control-allow-methods")).toContain("POST");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("an error may be read by the browser too", async () => {
    const { status, headers } = await post("{", { ...JSON_TYPE, origin: "https://sandbox.cds-hooks.org" });
    expect(status).toBe(400);
    expect(headers.get("access-control-allow-origin")).toBe("*");
  });

  test("only the origins that the setting lists", async () => {
    const strict = await startService({ corsOrigins: ["https://ehr.example.org"] });
    try {
      const from = (origin: string) => strict.request("GET", "/cds-services", { headers: { origin } });
      const [own, foreign] = [await from("https://ehr.example.org"), await from("https://evil.example")];
      expect(own.headers.get("access-control-allow-origin")).toBe("https://ehr.example.org");
      expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    } finally {
      await strict.stop();
    }
  });
});

describe("bodies", () => {
  test.each([
    ["no type", {}],
    ["plain text", { "content-type": "text/plain" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["another character set", { "content-type": "application/json; charset=latin1" }],
  ])("415 for %s", async (_name, headers) => {
    expect((await post(JSON.stringify(call()), headers as Record<string, string>)).status).toBe(415);
  });

  test("application/fhir+json is JSON", async () => {
    expect(
      (await post(JSON.stringify(call()), { "content-type": "application/fhir+json; charset=utf-8" })).status,
    ).toBe(200);
  });

  test.each([
    ["a word", "planted", "at position 0 (line 1, column 1)"],
    ["a missing value", '{\n  "hook": }', "at position 12 (line 2, column 11)"],
    ["an early end", '{"hook": "order-sign"', "at position 21 (line 1, column 22)"],
    ["nothing", "", "the body is empty"],
  ])("400 with the position for %s, and without the text there", async (_name, body, place) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(diagnosticsOf(answer.body)).toBe(`Not JSON: ${place}`);
  });

  test("413 for a body over the limit", async () => {
    expect((await post(JSON.stringify({ ...call(), padding: "x".repeat(200_000) }))).status).toBe(413);
  });

  test.each([
    ["another hook", { hook: "patient-view" }, "hook"],
    ["no hookInstance", { hookInstance: undefined }, "hookInstance"],
    ["a hookInstance that is no UUID", { hookInstance: "1" }, "hookInstance"],
    ["no context", { context: undefined }, "context"],
    ["no patient", { context: { ...(call().context as object), patientId: "" } }, "context.patientId"],
    ["a user without a type", { context: { ...(call().context as object), userId: "123" } }, "context.userId"],
    [
      "no draftOrders, as the sandbox sends when its screen is opened again",
      { context: { ...(call().context as object), draftOrders: undefined } },
      "context.draftOrders",
    ],
    [
      "draftOrders that are no Bundle",
      { context: { ...(call().context as object), draftOrders: { resourceType: "List" } } },
      "context.draftOrders.resourceType",
    ],
    [
      "a token without a server",
      { fhirAuthorization: { access_token: "t", token_type: "Bearer", expires_in: 1, scope: "", subject: "s" } },
      "fhirServer",
    ],
    ["a server that is no URL", { fhirServer: "ehr" }, "fhirServer"],
    ["a prefetch that is no object", { prefetch: [] }, "prefetch"],
  ])("400 that names the field for %s", async (_name, parts, field) => {
    const { status, body } = await post(JSON.stringify({ ...call(), ...parts }));
    expect(status).toBe(400);
    expect((body as { issue: { expression: string[] }[] }).issue[0]?.expression).toEqual([field]);
    expect(diagnosticsOf(body)).toContain(field);
  });

  test("all fields at fault are named at once", async () => {
    const { body } = await post(JSON.stringify({ ...call(), hook: "x", hookInstance: "x", fhirServer: "x" }));
    expect((body as { issue: { expression: string[] }[] }).issue[0]?.expression).toEqual([
      "hook",
      "hookInstance",
      "fhirServer",
    ]);
  });

  test.each([
    ["an unknown field", { surprise: true }],
    ["an extension", { extension: { "davinci-crd.configuration": { "max-cards": 10 } } }],
    [
      "prefetch that is null",
      { prefetch: null, context: { ...(call().context as object), draftOrders: { resourceType: "Bundle" } } },
    ],
  ])("%s is no reason to refuse", async (_name, parts) => {
    expect((await post(JSON.stringify({ ...call(), ...parts }))).status).toBe(200);
  });
});

describe("methods and paths", () => {
  test.each([
    ["POST", "/cds-services", "GET"],
    ["GET", PATH, "POST"],
    ["DELETE", PATH, "POST"],
    ["PUT", `${PATH}/feedback`, "POST"],
    ["POST", "/health/live", "GET"],
    ["POST", "/policies/imatinib-preferred", "GET"],
  ])("405 for %s %s", async (method, path, allowed) => {
    const { status, headers } = await service.request(method, path);
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe(allowed);
  });

  test.each([
    ["GET", "/nothing"],
    ["GET", "/"],
    ["POST", "/cds-services/another-service"],
    ["POST", "/cds-services/another-service/feedback"],
    ["GET", "/policies/another"],
  ])("404 for %s %s", async (method, path) => {
    expect((await service.request(method, path)).status).toBe(404);
  });

  test("a path that cannot be decoded is the caller's fault", async () => {
    expect((await service.request("POST", "/cds-services/%E0%A4%A")).status).toBe(400);
  });

  test("nothing tells which software answers", async () => {
    expect((await service.request("GET", "/nothing")).headers.get("x-powered-by")).toBeNull();
  });
});

describe("health", () => {
  test("live and ready, with the policies in force", async () => {
    expect((await service.request("GET", "/health/live")).body).toEqual({ status: "live" });
    const { status, body } = await service.request("GET", "/health/ready");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "ready",
      policies: [{ id: "imatinib-preferred", revision: expect.stringMatching(/^2026-03-25-[0-9a-f]{12}$/) }],
    });
  });

  test("not ready while it ends", async () => {
    const ending = await startService({ isReady: () => false });
    try {
      expect((await ending.request("GET", "/health/ready")).status).toBe(503);
    } finally {
      await ending.stop();
    }
  });
});

test("a failure inside shows nothing internal, and its message, which may quote a record, is not logged", async () => {
  const failing = await startService({
    store: {
      ...forgetful,
      keepFeedback: () => Promise.reject(new Error("planted: connection to db.internal refused")),
    },
  });
  try {
    const one = { card: randomUUID(), outcome: "overridden", outcomeTimestamp: "2026-01-01T00:00:00Z" };
    const { status, text } = await failing.feedback({ feedback: [one] });
    expect(status).toBe(500);
    expect(text).not.toMatch(/planted|db\.internal/);
    expect(failing.log.join()).toContain("call failed");
    expect(failing.log.join()).not.toContain("planted");
    expect((await failing.request("GET", "/health/live")).status).toBe(200);
  } finally {
    await failing.stop();
  }
});
