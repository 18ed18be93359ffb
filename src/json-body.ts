// Reads a JSON body: only JSON, only up to the limits, and where it is not JSON the place at fault (never the text there,
// which may be patient data).
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { type ParseError, parse } from "jsonc-parser";
import { CallError } from "./cds-hooks/errors.ts";
import { MOST_LEVELS, NestedTooDeep, parseJson } from "./json.ts";

const JSON_TYPES = ["application/json", "application/fhir+json"];

/** Handlers to put before a route that takes JSON. @param limit such as "8mb" */
export function readJsonBody(limit: string): (RequestHandler | ErrorRequestHandler)[] {
  const requireJson: RequestHandler = (request, _response, next) => {
    if (request.get("content-length") === "0") throw new CallError(400, "structure", "Not JSON: the body is empty");
    if (!request.is(JSON_TYPES)) {
      throw new CallError(415, "not-supported", `Content-Type must be one of ${JSON_TYPES.join(", ")}`);
    }
    const charset = /charset="?([^\s;"]*)/i.exec(request.get("content-type") ?? "")?.[1];
    if (charset && !/^(utf-?8|us-ascii)$/i.test(charset)) throw notUtf8();
    next();
  };
  const readBytes = express.raw({ limit, type: JSON_TYPES });
  const parseBytes: RequestHandler = (request, _response, next) => {
    const text = new TextDecoder().decode(request.body as Uint8Array);
    try {
      request.body = parseJson(text);
    } catch (error) {
      if (error instanceof NestedTooDeep) throw tooDeep();
      throw new CallError(400, "structure", `Not JSON: ${placeOf(text)}`);
    }
    next();
  };
  return [requireJson, readBytes, explainFailure(limit), parseBytes];
}

/** body-parser's errors, by their `type`. Source: body-parser's README, "Errors". */
function explainFailure(limit: string): ErrorRequestHandler {
  return (error, _request, _response, next) => {
    const { type } = error as { type?: string };
    if (type === "entity.too.large") next(new CallError(413, "too-long", `Body larger than ${limit}`));
    else if (type === "encoding.unsupported") next(notUtf8());
    else if (type === "request.aborted" || type === "request.size.invalid") {
      next(new CallError(400, "structure", "Body ended before its announced length"));
    } else next(error);
  };
}

function notUtf8(): CallError {
  return new CallError(415, "not-supported", "Body must be UTF-8, plain or compressed by gzip, deflate or br");
}

function tooDeep(): CallError {
  return new CallError(400, "too-costly", `Nested deeper than ${MOST_LEVELS} levels`);
}

function placeOf(text: string): string {
  if (text.trim() === "") return "the body is empty";
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  const offset = errors[0]?.offset ?? 0;
  const before = text.slice(0, offset).split("\n");
  return `at position ${offset} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
