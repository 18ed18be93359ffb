// Reads a JSON body: only JSON, only up to the limits, and charged for what it takes until its call is answered, so that no number of bodies,
// large, slow or held up by an EHR, uses up the memory.
import { StringDecoder } from "node:string_decoder";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Request, RequestHandler, Response } from "express";
import { CostlyJson, watchJson } from "../network/json.ts";
import { type Account, openAccounts } from "./body-accounts.ts";
import { CallError } from "./errors.ts";
import { describeFault } from "./json-fault.ts";

export type BodyOptions = {
  /** Bytes of one body. */
  readonly bodyLimit: number;
  /** Bytes that all bodies under way may take. */
  readonly bodyMemory: number;
  /** Whose body it is. */
  readonly clientOf: (request: Request, response: Response) => string;
  readonly pace?: Pace;
};

/** How fast a body must arrive: a sender that stalls holds room that others need. */
export type Pace = { readonly milliseconds: number; readonly bytes: number };

/** Answers a request whose body was read to `request.body`. */
export type BodyHandler = (request: Request, response: Response) => Promise<void>;

const PACE: Pace = { milliseconds: 5_000, bytes: 64 * 1024 };
const LARGE = 256 * 1024; // bytes
const JSON_TYPES = ["application/json", "application/fhir+json"];

/**
 * Puts the reading of a JSON body before a handler. The body goes into one buffer and is parsed once, which costs less than express.json(). What
 * it takes is given back when the handler ends, also where its client left before.
 */
export function readJsonBodies({ bodyLimit, bodyMemory, clientOf, pace = PACE }: BodyOptions) {
  const accounts = openAccounts(bodyMemory, bodyLimit);
  const inTurn = takeTurns();
  const read = async (request: Request, response: Response, account: Account): Promise<unknown> => {
    const text = await readText(request, response, { account, limit: bodyLimit, pace });
    if (text.length <= LARGE) return parseBody(text);
    return inTurn(() => {
      if (response.closed) throw endedEarly();
      return parseBody(text);
    });
  };
  return (handle: BodyHandler): RequestHandler =>
    async (request, response) => {
      refuseOtherTypes(request);
      const account = accounts.open(clientOf(request, response));
      try {
        request.body = await read(request, response, account);
        account.arrived();
        await handle(request, response);
      } finally {
        request.body = undefined;
        account.close();
      }
    };
}

type Reading = { readonly account: Account; readonly limit: number; readonly pace: Pace };

/** @throws CallError 400, 408, 413, 503 */
function readText(request: Request, response: Response, { account, limit, pace }: Reading): Promise<string> {
  const tooLong = () => new CallError(413, "too-long", `Body larger than ${limit} bytes`);
  if (Number(request.headers["content-length"]) > limit) throw tooLong();
  const watch = watchJson();
  // Decoded as it arrives: buffers lie outside of V8's heap, and as many as a chart takes make it collect garbage for nothing.
  const decoder = new StringDecoder("utf8");
  let text = "";
  let [length, before, values] = [0, 0, 0];
  let isOver = false;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      clearInterval(clock);
      settle();
      text = ""; // the listeners live as long as the request
    };
    const refuse = (error: unknown) =>
      end(() => reject(error instanceof CostlyJson ? new CallError(413, "too-costly", error.message) : error));
    const clock = setInterval(() => {
      if (length - before < pace.bytes) refuse(tooSlow(pace));
      before = length;
    }, pace.milliseconds);
    request.on("data", (chunk: Buffer) => {
      if (isOver) return; // what follows a refusal is read, and let go: the connection stays of use
      try {
        length += chunk.length;
        if (length > limit) throw tooLong();
        account.chargeBytes(chunk.length);
        values = watch(chunk);
        text += decoder.write(chunk);
      } catch (error) {
        refuse(error);
      }
    });
    request.once("end", () => {
      if (isOver) return;
      try {
        account.chargeValues(values);
        end(() => resolve(text + decoder.end()));
      } catch (error) {
        refuse(error);
      }
    });
    const broken = () => {
      if (!isOver) refuse(endedEarly());
    };
    request.once("error", broken);
    response.once("close", broken);
  });
}

/**
 * Large bodies are parsed one at a time: the next when the one before is decided on, or waits for its EHR. Between them others have their turn,
 * and none waits between parsing and decision: what lives longer costs the garbage collector more.
 */
function takeTurns(): <T>(work: () => T) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.then(
      () => nextTurn(),
      () => {},
    );
    return mine;
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

function notUtf8(): CallError {
  return new CallError(415, "not-supported", "Body must be UTF-8, and not compressed");
}

function endedEarly(): CallError {
  return new CallError(400, "structure", "Body ended before its announced length");
}

function tooSlow({ bytes, milliseconds }: Pace): CallError {
  const message = `Body came too slowly: fewer than ${bytes} bytes in ${milliseconds / 1000} s`;
  return new CallError(408, "timeout", message, { headers: { Connection: "close" } });
}

/** @throws CallError 400 */
function parseBody(body: string): unknown {
  const text = body.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CallError(400, "structure", `Not JSON: ${describeFault(text, error as Error)}`);
  }
}
