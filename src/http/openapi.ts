// GET /openapi.json: the API as OpenAPI 3.1, to generate or check clients. Schemas are in openapi-shapes.ts;
// docs/api.md explains them. FHIR resources are opaque here.
import { readFileSync } from "node:fs";
import type { RequestHandler } from "express";
import { z } from "zod";
import { SERVICE_ID } from "../cds-hooks/discovery.ts";
import { type Shape, shapes } from "./openapi-shapes.ts";

const shape = (name: Shape) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: Shape) => ({ content: { "application/json": { schema: shape(name) } } });

const requestId = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };
const answer = (description: string, name?: Shape) => ({
  200: { description, headers: requestId, ...(name && json(name)) },
});

const FAILURES: Readonly<Record<number, string>> = {
  400: "Malformed; `expression` names every invalid field",
  401: "The token is missing or refused; `details.coding.code` names the check",
  403: "The caller is not allowed to read this",
  404: "Not found",
  406: "Accept allows neither HTML nor JSON",
  408: "The body arrived too slowly",
  412: "No clinical data in prefetch or from the FHIR server",
  413: "The body is too long or has too many entries, values, or names",
  415: "The body is not UTF-8 JSON, or is compressed",
  421: "Open mode: the Host header names another host",
  429: "Too many requests, or more feedback than is stored: retry after Retry-After",
  503: "Temporarily unavailable: retry after Retry-After",
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
      summary: "The service and its prefetch templates",
      responses: { ...answer("The one service", "Discovery"), ...failed(401, 429) },
    },
  },
  [`/cds-services/${SERVICE_ID}`]: {
    post: {
      operationId: "orderSign",
      summary: "Cards for the orders about to be signed",
      parameters: tracing,
      ...body("OrderSignCall"),
      responses: { ...answer("Cards, or none", "Cards"), ...failed(400, 401, 408, 412, 413, 415, 429, 503) },
    },
  },
  [`/cds-services/${SERVICE_ID}/feedback`]: {
    post: {
      operationId: "keepFeedback",
      summary:
        "Card outcomes. Repeats count once. A batch is stored whole or not at all, except outcomes over quota (429)",
      parameters: tracing,
      ...body("Feedback"),
      responses: { ...answer("Stored. The body is empty"), ...failed(400, 401, 408, 413, 415, 429, 503) },
    },
  },
  "/insights": {
    get: {
      operationId: "report",
      summary: "How many cards were accepted, overridden, and ignored, and why",
      parameters: [
        inQuery("since", "Days back (30d) or a date (2026-11-01)"),
        inQuery("policy", "Only cards of this policy"),
        inQuery("client", "Only cards issued to this client; a registered client always sees only its own"),
      ],
      responses: { ...answer("The report", "Insights"), ...failed(400, 401, 403, 421, 429, 503) },
    },
  },
  "/policies/{policy}": {
    get: {
      operationId: "describePolicy",
      summary: "A policy in words, FHIRPath, and codes: the page that a card's source links to",
      ...openToAll,
      parameters: [{ name: "policy", in: "path", required: true, schema: { type: "string" } }],
      responses: {
        200: {
          description: "HTML or JSON, by Accept",
          headers: requestId,
          content: { "text/html": { schema: { type: "string" } }, ...json("Policy").content },
        },
        ...failed(404, 406, 429),
      },
    },
  },
  "/health/live": {
    get: {
      operationId: "live",
      summary: "Liveness",
      ...openToAll,
      responses: answer("The process is up", "Live"),
    },
  },
  "/health/ready": {
    get: {
      operationId: "ready",
      summary: "Readiness",
      ...openToAll,
      responses: {
        ...answer("Takes requests: `ready`, or `degraded` while the store is failing", "Ready"),
        503: { description: "Takes no requests: `starting` or `draining`", headers: requestId, ...json("Ready") },
      },
    },
  },
};

function componentSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(shapes)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: "input", // responses may gain fields
    uri: (id) => shape(id as Shape).$ref,
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
  const entries = Object.entries(schemas).map(([id, { $schema, $id, ...rest }]) => [id, rest] as const);
  return Object.fromEntries(entries);
}

const packageFile = new URL("../../package.json", import.meta.url);

export type ApiOptions = {
  /** Public address of the service. */
  readonly baseUrl: string;
  /** `open`: no token needed. */
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
      headers: { RequestId: { description: "Logged as `call`", schema: { type: "string" } } },
      parameters: {
        RequestId: header("X-Request-Id", "An id for this request: logged, and repeated in the response"),
        TraceParent: header("traceparent", "W3C Trace Context: logged and passed on to the FHIR server"),
      },
      securitySchemes: {
        clientToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "CDS Hooks, Trusting CDS Clients: signed by the client for this endpoint, single use",
        },
      },
    },
  };
}

export function answerApi(options: ApiOptions): RequestHandler {
  const document = JSON.stringify(describeApi(options));
  return (_request, response) => void response.type("json").send(document);
}
