// Reads a JSON body: only JSON, only up to the limits, and where it is not JSON the place at fault (never the text there,
// which may be patient data).
import bytes from "bytes";
import type { Request, RequestHandler } from "express";
import { visit } from "jsonc-parser";
import { CallError } from "./cds-hooks/errors.ts";
import { CostlyJson, parseWatched, toText, watchJson } from "./json.ts";

/** Parsed, they take up to ten times as much: as much as an instance with 1 GB bears. */
const MOST_BYTES_HELD = 64 * 1024 * 1024;
const LARGE = 256 * 1024; // bytes
const JSON_TYPES = ["application/json", "application/fhir+json"];

/**
 * A handler to put before a route that takes JSON. Reads the body into one buffer and parses it once, which costs less than express.json().
 * @param limit of one body, such as "8mb"
 * @param mostHeld bytes of all bodies under way: those of senders that stall stay until they end
 */
export function readJsonBody(limit: string, mostHeld = MOST_BYTES_HELD): RequestHandler {
  const most = bytes.parse(limit) ?? 0;
  let held = 0;
  return (request, response, next) => {
    refuseOtherTypes(request);
    if (held > mostHeld) throw tooMany();
    const tooLong = () => new CallError(413, "too-long", `Body larger than ${limit}`);
    if (Number(request.headers["content-length"]) > most) throw tooLong();
    const watch = watchJson();
    const chunks: Buffer[] = [];
    let length = 0;
    let isOver = false;
    const end = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      next(error);
    };
    request.on("data", (chunk: Buffer) => {
      if (isOver) return; // what follows a refusal is let go
      length += chunk.length;
      held += chunk.length;
      if (length > most) {
        request.pause();
        return end(tooLong());
      }
      if (held > mostHeld) {
        chunks.length = 0;
        request.pause();
        return end(tooMany());
      }
      try {
        watch(chunk);
        chunks.push(chunk);
      } catch (error) {
        end(error instanceof CostlyJson ? new CallError(413, "too-costly", error.message) : error);
      }
    });
    request.once("end", () => {
      if (isOver) return;
      try {
        const [first] = chunks;
        const body = first?.length === length ? first : Buffer.concat(chunks, length);
        chunks.length = 0; // what waits for the answer need not keep them
        request.body = parseBody(body);
        // Between the parsing of a large body and its decision others have their turn.
        if (length > LARGE) setImmediate(end);
        else end();
      } catch (error) {
        end(error);
      }
    });
    const broken = () => {
      if (!isOver) end(new CallError(400, "structure", "Body ended before its announced length"));
    };
    request.once("error", broken);
    response.once("close", () => {
      held -= length;
      broken();
    });
  };
}

/** @throws CallError 400, 415 */
function refuseOtherTypes(request: Request): void {
  const { "content-type": type = "", "content-length": length, "content-encoding": encoding } = request.headers;
  if (length === "0") throw new CallError(400, "structure", "Not JSON: the body is empty");
  if (type !== "application/json" && !request.is(JSON_TYPES)) {
    throw new CallError(415, "not-supported", `Content-Type must be one of ${JSON_TYPES.join(", ")}`);
  }
  const charset = /charset="?([^\s;"]*)/i.exec(type)?.[1];
  if (charset && !/^(utf-?8|us-ascii)$/i.test(charset)) throw notUtf8();
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") throw notUtf8();
}

function tooMany(): CallError {
  const headers = { "Retry-After": "5" };
  return new CallError(503, "transient", "Too many bodies are being read: send it again", { headers });
}

/** @throws CallError 400 */
function parseBody(body: Buffer): unknown {
  try {
    return parseWatched(body);
  } catch {
    throw new CallError(400, "structure", `Not JSON: ${placeOf(toText(body))}`);
  }
}

function notUtf8(): CallError {
  return new CallError(415, "not-supported", "Body must be UTF-8, and not compressed");
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
  let [line, start] = [1, 0];
  for (let end = text.indexOf("\n"); end >= 0 && end < offset; end = text.indexOf("\n", start)) {
    line += 1;
    start = end + 1;
  }
  return `at position ${offset} (line ${line}, column ${offset - start + 1})`;
}
