// Reads a JSON body: only JSON, only up to the limit, and where it is not JSON the place at fault (never the text there,
// which may be patient data).
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { type ParseError, parse } from "jsonc-parser";
import { CallError } from "./cds-hooks/errors.ts";

const JSON_TYPES = ["application/json", "application/fhir+json"];

/** Handlers to put before a route that takes JSON. @param limit such as "8mb" */
export function readJsonBody(limit: string): (RequestHandler | ErrorRequestHandler)[] {
  const requireJson: RequestHandler = (request, _response, next) => {
    if (request.get("content-length") === "0") throw new CallError(400, "structure", "Not JSON: the body is empty");
    if (!request.is(JSON_TYPES)) {
      throw new CallError(415, "not-supported", `Content-Type must be one of ${JSON_TYPES.join(", ")}`);
    }
    next();
  };
  const parseJson = express.json({ limit, type: JSON_TYPES, strict: false });
  return [requireJson, parseJson, explainFailure(limit)];
}

/** body-parser's errors, by their `type`. Source: body-parser's README, "Errors". */
function explainFailure(limit: string): ErrorRequestHandler {
  return (error, _request, _response, next) => {
    const { type, body } = error as { type?: string; body?: unknown };
    if (type === "entity.parse.failed") next(new CallError(400, "structure", `Not JSON: ${placeOf(String(body))}`));
    else if (type === "entity.too.large") next(new CallError(413, "too-long", `Body larger than ${limit}`));
    else if (type === "charset.unsupported" || type === "encoding.unsupported") {
      next(new CallError(415, "not-supported", "Body must be UTF-8, plain or compressed by gzip, deflate or br"));
    } else if (type === "request.aborted" || type === "request.size.invalid") {
      next(new CallError(400, "structure", "Body ended before its announced length"));
    } else next(error);
  };
}

function placeOf(text: string): string {
  if (text.trim() === "") return "the body is empty";
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  const offset = errors[0]?.offset ?? 0;
  const before = text.slice(0, offset).split("\n");
  return `at position ${offset} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
