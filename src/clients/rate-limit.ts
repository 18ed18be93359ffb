// How many calls a minute a client may make, and how many refused ones an address. Counted per process.
import type { Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, type Options, rateLimit } from "express-rate-limit";
import { CallError } from "../cds-hooks/errors.ts";
import { callerOf } from "./authenticate.ts";

const MINUTE = 60_000;

/** After it is known who calls: each client, or each address in open mode. @param perMinute 0 for no limit */
export function limitCalls(perMinute: number, mode: "open" | "registered"): RequestHandler {
  const byClient = (_request: Request, response: Response) => callerOf(response).client.name;
  return limit(perMinute, { keyGenerator: mode === "open" ? byAddress : byClient });
}

/** Before it is known who calls: an address whose tokens are refused again and again. @param perMinute 0 for no limit */
export function limitRefusals(perMinute: number): RequestHandler {
  return limit(perMinute, {
    keyGenerator: byAddress,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, { statusCode }) => statusCode !== 401,
  });
}

/** IPv6 addresses by their network: one host has many. */
function byAddress({ ip }: Request): string {
  return ip ? ipKeyGenerator(ip) : "unknown";
}

function limit(perMinute: number, options: Partial<Options>): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  return rateLimit({
    windowMs: MINUTE,
    limit: perMinute,
    standardHeaders: false,
    legacyHeaders: false,
    // Its checks write to the console, for mistakes that our settings do not allow.
    validate: false,
    handler: (request, _response, next) => {
      const { resetTime } = (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit ?? {};
      const seconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + MINUTE) - Date.now()) / 1000));
      next(
        new CallError(429, "throttled", `More than ${perMinute} calls a minute: wait ${seconds} s`, {
          headers: { "Retry-After": String(seconds) },
        }),
      );
    },
    ...options,
  });
}
