// Reads JSON bodies within limits. Each is charged to the memory budget until its request is answered, so that no
// number of large or slow bodies, or of requests waiting for an EHR, can exhaust memory.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Request, RequestHandler, Response } from "express";
import { type Account, openAccounts } from "./body-accounts.ts";
import { endedEarly, type Pace, readText } from "./body-text.ts";
import { CallError } from "./errors.ts";
import { describeFault } from "./json-fault.ts";

export type BodyOptions = {
  /** Bytes of one body. */
  readonly bodyLimit: number;
  /** Bytes for all bodies in progress. */
  readonly bodyMemory: number;
  /** The client to charge. */
  readonly clientOf: (request: Request, response: Response) => string;
  readonly pace?: Pace;
};

/** Answers a request whose parsed body is in `request.body`. */
export type BodyHandler = (request: Request, response: Response) => Promise<void>;

const PACE: Pace = { milliseconds: 5_000, bytes: 64 * 1024 };
const LARGE = 256 * 1024; // characters
const JSON_TYPES = ["application/json", "application/fhir+json"];

/** Reads the JSON body before a handler runs. The charge is released when the handler ends, even if the client left. */
export function readJsonBodies({ bodyLimit, bodyMemory, clientOf, pace = PACE }: BodyOptions) {
  const accounts = openAccounts(bodyMemory, bodyLimit);
  const inTurn = takeTurns();
  const read = async (request: Request, response: Response, account: Account): Promise<unknown> => {
    const { text, values } = await readText(request, response, { account, limit: bodyLimit, pace });
    account.chargeValues(values);
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

/**
 * Large bodies are parsed one at a time: the next when the previous one has its decision or waits for its EHR. Other
 * requests run in between. None waits between parsing and decision, since long-lived objects cost more to collect.
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
  return new CallError(415, "not-supported", "Body must be UTF-8 and not compressed");
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
