// Takes the bytes of a body as they arrive: counted, charged, and refused as soon as they are too many, too costly, or too slow.
import type { Request, Response } from "express";
import type { Account } from "./body-accounts.ts";
import { CallError } from "./cds-hooks/errors.ts";
import { CostlyJson, watchJson } from "./json.ts";

/** How fast a body must arrive: a sender that stalls holds room that others need. */
export type Pace = { readonly milliseconds: number; readonly bytes: number };

/** A whole body, and how many values are in it. */
export type Body = { readonly bytes: Buffer; readonly values: number };

type Reading = { readonly account: Account; readonly limit: number; readonly pace: Pace };

/** @throws CallError 400, 408, 413, 503 */
export function readBytes(request: Request, response: Response, { account, limit, pace }: Reading): Promise<Body> {
  const tooLong = () => new CallError(413, "too-long", `Body larger than ${limit} bytes`);
  if (Number(request.headers["content-length"]) > limit) throw tooLong();
  const watch = watchJson();
  const chunks: Buffer[] = [];
  let [length, before, values] = [0, 0, 0];
  let isOver = false;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      clearInterval(clock);
      settle();
      chunks.length = 0; // the listeners live as long as the request
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
        // A small piece of what was read from the network keeps all of it.
        chunks.push(chunk.length * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk);
      } catch (error) {
        refuse(error);
      }
    });
    request.once("end", () =>
      end(() =>
        resolve({ bytes: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length), values }),
      ),
    );
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
