// GET /openapi.json: the service as OpenAPI 3.1, for those who generate or check clients. The shapes are in openapi-shapes.ts; what is behind
// them is told in docs/api.md. FHIR resources are opaque here: the service reads them as far as it can.
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
  400: "Not well-formed; `expression` names every field at fault",
  401: "The token is missing or refused; `details.coding.code` names the check",
  403: "The caller may not read this",
  404: "There is no such thing",
  406: "Accept allows neither HTML nor JSON",
  408: "The body came too slowly",
  412: "Nothing clinical could be read, neither from prefetch nor from the FHIR server",
  413: "The body is too long, or holds too many entries, values or names",
  415: "The body is not JSON in UTF-8, or is compressed",
  421: "Open mode: the Host header names another host than this service",
  429: "Too many calls, or more feedback than is kept: wait as long as Retry-After says",
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
      responses: { ...answer("Cards, or none", "Cards"), ...failed(400, 401, 408, 412, 413, 415, 429, 503) },
    },
  },
  [`/cds-services/${SERVICE_ID}/feedback`]: {
    post: {
      operationId: "keepFeedback",
      summary:
        "What became of cards. Repeats are one; a batch is kept whole or not at all, but for what is more than a client may have (429)",
      parameters: tracing,
      ...body("Feedback"),
      responses: { ...answer("Kept. The body is empty"), ...failed(400, 401, 408, 413, 415, 429, 503) },
    },
  },
  "/insights": {
    get: {
      operationId: "report",
      summary: "How many cards were accepted, overridden and ignored, and why",
      parameters: [
        inQuery("since", "Days back (30d) or a date (2026-11-01)"),
        inQuery("policy", "Only cards of this policy"),
        inQuery("client", "Only cards issued to this client; a registered client sees its own in any case"),
      ],
      responses: { ...answer("The report", "Insights"), ...failed(400, 401, 403, 421, 429, 503) },
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
        ...failed(404, 406, 429),
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

const packageFile = new URL("../../package.json", import.meta.url);

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
  const document = JSON.stringify(describeApi(options));
  return (_request, response) => void response.type("json").send(document);
}
