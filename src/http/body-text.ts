// Takes a body as it arrives: counted, charged, and refused as soon as it is too long, too costly, or too slow.
import { StringDecoder } from "node:string_decoder";
import type { Request, Response } from "express";
import { CostlyJson, watchJson } from "../network/json.ts";
import type { Account } from "./body-accounts.ts";
import { CallError } from "./errors.ts";

/** How fast a body must arrive: a sender that stalls holds room that others need. */
export type Pace = { readonly milliseconds: number; readonly bytes: number };

/** A whole body, and how many values are in it. */
export type Body = { readonly text: string; readonly values: number };

type Reading = { readonly account: Account; readonly limit: number; readonly pace: Pace };

/** @throws CallError 400, 408, 413, 503 */
export function readText(request: Request, response: Response, { account, limit, pace }: Reading): Promise<Body> {
  const tooLong = () => new CallError(413, "too-long", `Body larger than ${limit} bytes`);
  if (Number(request.headers["content-length"]) > limit) throw tooLong();
  const watch = watchJson();
  // Decoded part by part: buffers lie outside of V8's heap, and as many as a chart takes make it collect garbage for nothing.
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
    request.once("end", () => end(() => resolve({ text: text + decoder.end(), values })));
    const broken = () => {
      if (!isOver) refuse(endedEarly());
    };
    request.once("error", broken);
    response.once("close", broken);
  });
}

export function endedEarly(): CallError {
  return new CallError(400, "structure", "Body ended before its announced length");
}

function tooSlow({ bytes, milliseconds }: Pace): CallError {
  const message = `Body came too slowly: fewer than ${bytes} bytes in ${milliseconds / 1000} s`;
  return new CallError(408, "timeout", message, { headers: { Connection: "close" } });
}
