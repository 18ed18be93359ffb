// GET /openapi.json: the service as OpenAPI 3.1, for those who generate or check clients. The shapes are zod schemas; what is behind
// them is told in docs/api.md. FHIR resources are opaque here: the service reads them as far as it can.
import { readFileSync } from "node:fs";
import type { RequestHandler } from "express";
import { z } from "zod";
import { SERVICE_ID } from "./cds-hooks/discovery.ts";
import { HOOK } from "./cds-hooks/request.ts";
import { chartVariables } from "./policy/chart.ts";

const text = z.string().min(1);
const count = z.int().min(0);
const fhirResource = z.looseObject({ resourceType: text }).describe("A FHIR R4 resource");
const fhirBundle = z
  .looseObject({ resourceType: z.literal("Bundle"), entry: z.array(z.unknown()).optional() })
  .describe("A FHIR R4 Bundle");
const coding = z.object({ system: text, code: text, display: text });

const fhirAuthorization = z
  .object({
    access_token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
    token_type: z.string().regex(/^[Bb][Ee][Aa][Rr][Ee][Rr]$/),
    expires_in: z.number(),
    scope: z.string(),
    subject: z.string(),
    patient: z.string().optional(),
  })
  .describe("A token for fhirServer. It is neither kept nor logged");

const prefetch = z
  .record(z.string(), z.unknown())
  .nullish()
  .describe(
    `Search results by key: ${chartVariables.join(", ")}. A key that is missing or failed is read from fhirServer, if that may be called`,
  );

const orderSignCall = z
  .object({
    hook: z.literal(HOOK),
    hookInstance: z.guid(),
    fhirServer: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .optional(),
    fhirAuthorization: fhirAuthorization.optional(),
    context: z.object({
      userId: z.string().regex(/^\w+\/[\w.-]+$/),
      patientId: text.max(512),
      encounterId: z.string().optional(),
      draftOrders: fhirBundle,
    }),
    prefetch,
  })
  .meta({ dependentRequired: { fhirAuthorization: ["fhirServer"] } })
  .describe("CDS Hooks, HTTP Request, for order-sign. Other fields are ignored");

const action = z
  .discriminatedUnion("type", [
    z.object({ type: z.enum(["create", "update"]), description: text, resource: fhirResource }),
    z.object({ type: z.literal("delete"), description: text, resourceId: text }),
  ])
  .describe("CDS Hooks, Action");

const suggestion = z.object({ label: text, uuid: z.guid(), actions: z.array(action).min(1) });

const card = z
  .object({
    uuid: z.guid(),
    summary: text.max(139),
    detail: text.describe("GitHub Flavored Markdown, without HTML"),
    indicator: z.enum(["info", "warning"]),
    source: z.object({ label: text, url: z.url(), topic: z.object({ system: text, code: text }) }),
    suggestions: z.array(suggestion).min(1).optional(),
    selectionBehavior: z.literal("any").optional(),
    overrideReasons: z.array(coding).min(1).optional(),
    extension: z
      .object({ "davinci-crd.associated-resource": z.array(z.object({ reference: text })).min(1) })
      .optional()
      .describe("The orders that the card speaks of"),
  })
  .describe("CDS Hooks, Card. Elements without a value are left out");

const overrideReason = z
  .object({
    reason: z
      .object({ code: text.max(256), system: z.string().max(256).optional(), display: z.string().max(256).optional() })
      .optional(),
    userComment: z.string().max(4000).optional().describe("May hold patient data: kept only if the operator says so"),
    extension: z.record(z.string(), z.unknown()).optional().describe("Of Epic: the site's own reason"),
  })
  .meta({ anyOf: ["reason", "userComment", "extension"].map((name) => ({ required: [name] })) });

const outcome = z
  .object({
    card: text.max(256).describe("The uuid of a card"),
    outcome: z.enum(["accepted", "overridden"]),
    acceptedSuggestions: z
      .array(z.object({ id: text.max(256) }))
      .max(50)
      .optional()
      .describe("Required, and not empty, when the outcome is accepted"),
    overrideReason: overrideReason.optional(),
    overrideReasons: z
      .union([overrideReason, z.array(overrideReason).max(50)])
      .optional()
      .describe("As Epic writes overrideReason"),
    outcomeTimestamp: z.iso.datetime({ offset: true }),
  })
  .meta({
    if: { properties: { outcome: { const: "accepted" } } },
    // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
    then: { required: ["acceptedSuggestions"], properties: { acceptedSuggestions: { minItems: 1 } } },
  });

const rate = z
  .object({ rate: z.number(), low: z.number(), high: z.number() })
  .optional()
  .describe("Of the cards with feedback, the share that was accepted, with its 95 % interval; absent without feedback");
const totals = { cards: count, accepted: count, overridden: count, ignored: count, acceptance: rate };

const rules = z.array(z.object({ note: text.optional(), expression: text }));
const terms = z.array(z.string());

/** The shapes by name, as components of the document. */
const shapes = {
  Discovery: z.object({
    services: z.array(
      z.object({
        hook: text,
        hookVersion: text,
        version: text,
        id: text,
        title: text,
        description: text,
        usageRequirements: text,
        prefetch: z.record(z.string(), z.string()),
      }),
    ),
  }),
  OrderSignCall: orderSignCall,
  Card: card,
  Cards: z.object({ cards: z.array(card) }).describe("No advice is an empty list"),
  Feedback: z.object({ feedback: z.array(outcome).min(1).max(1000) }).describe("CDS Hooks, Feedback: one batch"),
  Insights: z.object({
    ...totals,
    unknown: z.object({ accepted: count, overridden: count }),
    reasons: z.array(z.object({ reason: text, system: z.string().nullable(), cards: count })),
    byRevision: z.array(z.object({ policy: text, revision: text, ...totals })),
    byClient: z.array(z.object({ client: text, ...totals })),
    latency: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).optional().describe("Milliseconds"),
  }),
  Policy: z.object({
    id: text,
    revision: text.describe("Review date, and the first 12 hex digits of a SHA-256 over the policy's folder"),
    title: text,
    publisher: text,
    reviewDate: z.iso.date(),
    document: text,
    operator: text,
    statement: text,
    payer: z.object({
      ...{ name: text, names: terms, benefits: terms },
      ...{ otherBenefits: terms, selfPay: terms, nobody: terms },
    }),
    products: z.object({
      nonPreferred: z.object({ name: text, valueSet: text, brandNames: terms, brandOnly: terms }),
      preferred: z.object({ name: text, valueSet: text }),
      replacements: z.array(coding.extend({ strength: text, valueSet: text })),
    }),
    appliesTo: text.describe("FHIRPath, as all rules"),
    authorized: text,
    alreadyOrdered: text,
    criteria: z.array(
      z.object({
        ...{ id: text, label: text, text },
        ...{ decides: z.boolean(), documented: rules, supporting: rules, established: text.optional() },
      }),
    ),
    cautions: z.array(z.object({ id: text, overridesException: z.boolean(), expressions: z.array(text) })),
    unanswered: z.array(text),
    valueSets: z.array(
      z.object({
        ...{ name: text, title: text, description: text.optional(), excludes: terms },
        concepts: z.array(coding.extend({ comment: text.optional() })),
        text: z.array(z.object({ all: terms, any: terms, none: terms })),
        names: z.object({ names: terms, except: terms, neutral: terms }).optional(),
      }),
    ),
    history: z.array(z.object({ date: z.iso.date(), revision: text, changes: text })),
  }),
  Live: z.object({ status: z.literal("live") }),
  Ready: z.object({
    status: z.enum(["ready", "starting", "degraded", "ending"]),
    mode: z.enum(["open", "registered"]),
    warning: text.optional().describe("What open mode means"),
    store: z.object({ status: z.enum(["ok", "starting", "degraded"]), why: text.optional() }),
    policies: z.array(z.object({ id: text, revision: text })),
  }),
  OperationOutcome: z.object({
    resourceType: z.literal("OperationOutcome"),
    issue: z
      .array(
        z.object({
          severity: z.literal("error"),
          code: text,
          details: z
            .object({ coding: z.array(z.object({ code: text })) })
            .optional()
            .describe("On a 401: the check that failed"),
          diagnostics: text,
          expression: z.array(text).optional().describe("The fields at fault"),
        }),
      )
      .min(1),
  }),
};

type Shape = keyof typeof shapes;

const shape = (name: Shape) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: Shape) => ({ content: { "application/json": { schema: shape(name) } } });

const requestId = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };
const answer = (description: string, name?: Shape) => ({
  200: { description, headers: requestId, ...(name && json(name)) },
});

const FAILURES: Readonly<Record<number, string>> = {
  400: "Not well-formed; `expression` names every field at fault",
  401: "The token is missing or refused; `details.coding.code` names the check",
  403: "The caller may not read this",
  404: "There is no such thing",
  406: "Accept allows neither HTML nor JSON",
  412: "Nothing clinical could be read, neither from prefetch nor from the FHIR server",
  413: "The body is too long, or holds too many entries",
  415: "The body is not JSON in UTF-8, or is compressed",
  429: "Too many calls: wait as long as Retry-After says",
  503: "Not now: send it again after Retry-After",
};

const MORE_HEADERS: Readonly<Record<number, readonly string[]>> = {
  401: ["WWW-Authenticate"],
  429: ["Retry-After"],
  503: ["Retry-After"],
};

const failed = (...statuses: number[]) =>
  Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${status}` }]));

const responses = Object.fromEntries(
  Object.entries(FAILURES).map(([status, description]) => {
    const more = (MORE_HEADERS[Number(status)] ?? []).map((name) => [name, { schema: { type: "string" } }]);
    const content = { "application/fhir+json": { schema: shape("OperationOutcome") } };
    return [status, { description, headers: { ...requestId, ...Object.fromEntries(more) }, content }];
  }),
);

const tracing = [{ $ref: "#/components/parameters/RequestId" }, { $ref: "#/components/parameters/TraceParent" }];
const inQuery = (name: string, description: string) => ({ name, in: "query", description, schema: { type: "string" } });
const openToAll = { security: [] };
const body = (name: Shape) => ({ requestBody: { required: true, ...json(name) } });

const paths = {
  "/cds-services": {
    get: {
      operationId: "discover",
      summary: "What the service is, and the prefetch that it asks for",
      responses: { ...answer("The one service", "Discovery"), ...failed(401, 429) },
    },
  },
  [`/cds-services/${SERVICE_ID}`]: {
    post: {
      operationId: "orderSign",
      summary: "Cards for the orders that are about to be signed",
      parameters: tracing,
      ...body("OrderSignCall"),
      responses: { ...answer("Cards, or none", "Cards"), ...failed(400, 401, 412, 413, 415, 429, 503) },
    },
  },
  [`/cds-services/${SERVICE_ID}/feedback`]: {
    post: {
      operationId: "keepFeedback",
      summary: "What became of cards. Repeats are one; a batch is kept whole or not at all",
      parameters: tracing,
      ...body("Feedback"),
      responses: { ...answer("Kept. The body is empty"), ...failed(400, 401, 413, 415, 429, 503) },
    },
  },
  "/insights": {
    get: {
      operationId: "report",
      summary: "How many cards were accepted, overridden and ignored, and why",
      parameters: [
        inQuery("since", "Days back (30d) or a date (2026-11-01)"),
        inQuery("policy", "Only cards of this policy"),
        inQuery("client", "Only cards issued to this client"),
      ],
      responses: { ...answer("The report", "Insights"), ...failed(400, 401, 403, 429, 503) },
    },
  },
  "/policies/{policy}": {
    get: {
      operationId: "describePolicy",
      summary: "A policy in words, in FHIRPath and in codes: what a card's source links to",
      ...openToAll,
      parameters: [{ name: "policy", in: "path", required: true, schema: { type: "string" } }],
      responses: {
        200: {
          description: "As HTML or JSON, as Accept asks",
          headers: requestId,
          content: { "text/html": { schema: { type: "string" } }, ...json("Policy").content },
        },
        ...failed(404, 406),
      },
    },
  },
  "/health/live": {
    get: {
      operationId: "live",
      summary: "Whether the process answers",
      ...openToAll,
      responses: answer("It does", "Live"),
    },
  },
  "/health/ready": {
    get: {
      operationId: "ready",
      summary: "Whether calls may be sent here",
      ...openToAll,
      responses: {
        ...answer("They may: `ready`, or `degraded` while the store fails", "Ready"),
        503: { description: "They may not: `starting` or `ending`", headers: requestId, ...json("Ready") },
      },
    },
  },
};

function componentSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(shapes)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: "input", // fields may be added to an answer later
    uri: (id) => shape(id as Shape).$ref,
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
  const entries = Object.entries(schemas).map(([id, { $schema, $id, ...rest }]) => [id, rest] as const);
  return Object.fromEntries(entries);
}

const packageFile = new URL("../package.json", import.meta.url);

export type ApiOptions = {
  /** Public address of the service. */
  readonly baseUrl: string;
  /** `open`: no token is asked for. */
  readonly mode: "open" | "registered";
};

/** The OpenAPI 3.1 document. */
export function describeApi({ baseUrl, mode }: ApiOptions) {
  const { version, license } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string; license: string };
  const header = (name: string, description: string) => ({
    name,
    in: "header",
    description,
    schema: { type: "string" },
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "Preferred product at order signing",
      version,
      description: "A CDS Hooks service for order-sign, with feedback. FHIR R4.",
      license: { name: license, identifier: license },
    },
    servers: [{ url: baseUrl }],
    security: mode === "registered" ? [{ clientToken: [] }] : [],
    paths,
    components: {
      schemas: componentSchemas(),
      responses,
      headers: { RequestId: { description: "Stands in the log as `call`", schema: { type: "string" } } },
      parameters: {
        RequestId: header("X-Request-Id", "A name for this call, for the log and the answer"),
        TraceParent: header("traceparent", "W3C Trace Context: logged, and passed on to the FHIR server"),
      },
      securitySchemes: {
        clientToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "CDS Hooks, Trusting CDS Clients: signed by the client for this endpoint, used once",
        },
      },
    },
  };
}

export function answerApi(options: ApiOptions): RequestHandler {
  const document = describeApi(options);
  return (_request, response) => void response.json(document);
}
