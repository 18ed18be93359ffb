// Receives a body, counting and charging each chunk. Refuses it as soon as it is too long, too costly, or too slow.
import { StringDecoder } from "node:string_decoder";
import type { Request, Response } from "express";
import { CostlyJson, watchJson } from "../network/json.ts";
import type { Account } from "./body-accounts.ts";
import { CallError } from "./errors.ts";

/** Minimum speed: at least this many bytes per interval. A stalled sender holds memory that others need. */
export type Pace = { readonly milliseconds: number; readonly bytes: number };

/** A complete body, and the number of JSON values in it. */
export type Body = { readonly text: string; readonly values: number };

type Reading = { readonly account: Account; readonly limit: number; readonly pace: Pace };

/** @throws CallError 400, 408, 413, 503 */
export function readText(request: Request, response: Response, { account, limit, pace }: Reading): Promise<Body> {
  const tooLong = () => new CallError(413, "too-long", `Body larger than ${limit} bytes`);
  if (Number(request.headers["content-length"]) > limit) throw tooLong();
  const watch = watchJson();
  // Decoded chunk by chunk: a chart's worth of buffers, held outside the V8 heap, triggers needless garbage collection.
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
      if (isOver) return; // the rest of a refused body is discarded, so that the connection can be reused
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
    request.once("end", () => end(() => resolve({ text: text + decoder.end(), values })));
    const abort = () => {
      if (!isOver) refuse(endedEarly());
    };
    request.once("error", abort);
    response.once("close", abort);
  });
}

export function endedEarly(): CallError {
  return new CallError(400, "structure", "Body ended before it was complete");
}

function tooSlow({ bytes, milliseconds }: Pace): CallError {
  const message = `Body arrived too slowly: fewer than ${bytes} bytes in ${milliseconds / 1000} s`;
  return new CallError(408, "timeout", message, { headers: { Connection: "close" } });
}
