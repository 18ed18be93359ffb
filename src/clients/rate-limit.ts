// Rate limits per minute, counted per process: requests per client, requests for public pages per address, and refused
// requests per address.
import { isIP } from "node:net";
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, type Options, type RateLimitRequestHandler, rateLimit } from "express-rate-limit";
import { CallError } from "../http/errors.ts";
import { callerOf } from "./authenticate.ts";

const MINUTE = 60_000;

/** After authentication: the client's name, or the address in open mode. */
export function clientBy(mode: "open" | "registered"): (request: Request, response: Response) => string {
  return mode === "open" ? byAddress : (_request, response) => callerOf(response).client.name;
}

/** After authentication: per client, or per address in open mode. @param perMinute 0 for no limit */
export function limitCalls(perMinute: number, mode: "open" | "registered"): RequestHandler {
  return perMinute === 0 ? pass : limit(perMinute, { keyGenerator: clientBy(mode) });
}

/** Without authentication: per address. @param perMinute 0 for no limit */
export function limitAddresses(perMinute: number): RequestHandler {
  return perMinute === 0 ? pass : limit(perMinute, { keyGenerator: byAddress });
}

const pass: RequestHandler = (_request, _response, next) => next();

/**
 * Around authentication: blocks an address whose tokens are refused too often. Counts refusals only, so that requests
 * in progress or aborted lock nobody out. @param perMinute 0 for no limit
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

/** IPv6 by network, since one host has many addresses. Some proxies append a port. */
function byAddress({ ip = "unknown" }: Request): string {
  const address = /^\[(.+)\]:\d+$/.exec(ip)?.[1] ?? /^([\d.]+):\d+$/.exec(ip)?.[1] ?? ip;
  return isIP(address) ? ipKeyGenerator(address) : "unknown";
}

function tooMany(perMinute: number, resetTime: Date | undefined): CallError {
  const milliseconds = (resetTime?.getTime() ?? Date.now() + MINUTE) - Date.now();
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  const headers = { "Retry-After": String(seconds) };
  return new CallError(429, "throttled", `More than ${perMinute} calls per minute: wait ${seconds} s`, { headers });
}

function limit(perMinute: number, options: Partial<Options>): RateLimitRequestHandler {
  return rateLimit({
    windowMs: MINUTE,
    limit: perMinute,
    standardHeaders: false,
    legacyHeaders: false,
    // Its checks write to the console, about mistakes that our settings rule out.
    validate: false,
    handler: (request, _response, next) => {
      const { rateLimit: info } = request as Request & { rateLimit?: { resetTime?: Date } };
      next(tooMany(perMinute, info?.resetTime));
    },
    ...options,
  });
}
