// Reads a JSON body: only JSON, only up to the limits, and where it is not JSON the place at fault (never the text there,
// which may be patient data).
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { visit } from "jsonc-parser";
import { CallError } from "./cds-hooks/errors.ts";
import { MOST_LEVELS, NestedTooDeep, parseJson, toText } from "./json.ts";

const MOST_BYTES_HELD = 256 * 1024 * 1024;
const JSON_TYPES = ["application/json", "application/fhir+json"];

/**
 * Handlers to put before a route that takes JSON.
 * @param limit of one body, such as "8mb"
 * @param mostHeld bytes of all bodies under way
 */
export function readJsonBody(limit: string, mostHeld = MOST_BYTES_HELD): (RequestHandler | ErrorRequestHandler)[] {
  const requireJson: RequestHandler = (request, _response, next) => {
    if (request.get("content-length") === "0") throw new CallError(400, "structure", "Not JSON: the body is empty");
    if (!request.is(JSON_TYPES)) {
      throw new CallError(415, "not-supported", `Content-Type must be one of ${JSON_TYPES.join(", ")}`);
    }
    const charset = /charset="?([^\s;"]*)/i.exec(request.get("content-type") ?? "")?.[1];
    if (charset && !/^(utf-?8|us-ascii)$/i.test(charset)) throw notUtf8();
    next();
  };
  const readBytes = express.raw({ limit, type: JSON_TYPES, inflate: false });
  const parseBytes: RequestHandler = (request, _response, next) => {
    const bytes = request.body as Uint8Array;
    try {
      request.body = parseJson(bytes);
    } catch (error) {
      if (error instanceof NestedTooDeep) throw tooDeep();
      throw new CallError(400, "structure", `Not JSON: ${placeOf(toText(bytes))}`);
    }
    next();
  };
  return [requireJson, boundBodies(mostHeld), readBytes, explainFailure(limit), parseBytes];
}

/** Refuses to begin with another body while those under way fill the memory: senders that stall hold what they have sent. */
function boundBodies(mostHeld: number): RequestHandler {
  let held = 0;
  return (request, response, next) => {
    if (held > mostHeld) {
      const headers = { "Retry-After": "5" };
      throw new CallError(503, "transient", "Too many bodies are being read: send it again", { headers });
    }
    let own = 0;
    request.on("data", (chunk: Uint8Array) => {
      own += chunk.length;
      held += chunk.length;
    });
    response.once("close", () => {
      held -= own;
    });
    next();
  };
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
  return new CallError(415, "not-supported", "Body must be UTF-8, and not compressed");
}

function tooDeep(): CallError {
  return new CallError(400, "too-costly", `Nested deeper than ${MOST_LEVELS} levels`);
}

/** The place of the first fault. Nothing is read after it. */
function placeOf(text: string): string {
  if (text.trim() === "") return "the body is empty";
  let offset: number | undefined;
  const onError = (_error: number, at: number) => {
    offset = at;
    throw new Error("found");
  };
  try {
    visit(text, { onError }, { disallowComments: true });
  } catch {
    // Found; or brackets that do not match, nested deeper than the stack.
  }
  if (offset === undefined) return "its brackets do not match";
  const before = text.slice(0, offset).split("\n");
  return `at position ${offset} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
