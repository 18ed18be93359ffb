// How many calls a minute a client may make, an address that asks for what is open to all, and how many refused ones an address. Counted per
// process.
import { isIP } from "node:net";
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, type Options, type RateLimitRequestHandler, rateLimit } from "express-rate-limit";
import { CallError } from "../http/errors.ts";
import { callerOf } from "./authenticate.ts";

const MINUTE = 60_000;

/** Whose call it is, after it is known who calls: the client's name, or in open mode the address. */
export function clientBy(mode: "open" | "registered"): (request: Request, response: Response) => string {
  return mode === "open" ? byAddress : (_request, response) => callerOf(response).client.name;
}

/** After it is known who calls: each client, or each address in open mode. @param perMinute 0 for no limit */
export function limitCalls(perMinute: number, mode: "open" | "registered"): RequestHandler {
  return perMinute === 0 ? pass : limit(perMinute, { keyGenerator: clientBy(mode) });
}

/** Where nobody is asked who calls: each address. @param perMinute 0 for no limit */
export function limitAddresses(perMinute: number): RequestHandler {
  return perMinute === 0 ? pass : limit(perMinute, { keyGenerator: byAddress });
}

const pass: RequestHandler = (_request, _response, next) => next();

/**
 * Around the step that finds out who calls: an address whose tokens are refused again and again is no longer looked at. Only refusals
 * are counted, so that calls that are under way, or end early, shut nobody out. @param perMinute 0 for no limit
 */
export function limitRefusals(perMinute: number): { before: RequestHandler; count: ErrorRequestHandler } {
  if (perMinute === 0) return { before: pass, count: (error, _request, _response, next) => next(error) };
  const limiter = limit(perMinute, { keyGenerator: byAddress });
  return {
    before: async (request, _response, next) => {
      const known = await limiter.getKey(byAddress(request));
      if (known && known.totalHits >= perMinute) throw tooMany(perMinute, known.resetTime);
      next();
    },
    count: (error, request, response, next) => {
      if (error instanceof CallError && error.status === 401) void limiter(request, response, () => next(error));
      else next(error);
    },
  };
}

/** IPv6 addresses by their network: one host has many. Some proxies write a port after the address. */
function byAddress({ ip = "unknown" }: Request): string {
  const address = /^\[(.+)\]:\d+$/.exec(ip)?.[1] ?? /^([\d.]+):\d+$/.exec(ip)?.[1] ?? ip;
  return isIP(address) ? ipKeyGenerator(address) : "unknown";
}

function tooMany(perMinute: number, resetTime: Date | undefined): CallError {
  const milliseconds = (resetTime?.getTime() ?? Date.now() + MINUTE) - Date.now();
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  const headers = { "Retry-After": String(seconds) };
  return new CallError(429, "throttled", `More than ${perMinute} calls a minute: wait ${seconds} s`, { headers });
}

function limit(perMinute: number, options: Partial<Options>): RateLimitRequestHandler {
  return rateLimit({
    windowMs: MINUTE,
    limit: perMinute,
    standardHeaders: false,
    legacyHeaders: false,
    // Its checks write to the console, for mistakes that our settings do not allow.
    validate: false,
    handler: (request, _response, next) => {
      const { rateLimit: info } = request as Request & { rateLimit?: { resetTime?: Date } };
      next(tooMany(perMinute, info?.resetTime));
    },
    ...options,
  });
}
