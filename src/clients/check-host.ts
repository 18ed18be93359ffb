// Open mode: checks the Host header, against DNS rebinding. A web page whose own domain name resolves to this service
// would share its origin, and could read what only this machine may read.
import type { RequestHandler } from "express";
import { CallError } from "../http/errors.ts";
import { isLoopback } from "../network/urls.ts";

export type HostOptions = {
  readonly mode: "open" | "registered";
  /** Address that the service listens on. */
  readonly host: string;
  /** Public address of the service. */
  readonly baseUrl: string;
};

/**
 * Accepts the listening host, the host of the public address, and loopback names, on any port. Registered clients have
 * tokens instead.
 */
export function checkHost({ mode, host, baseUrl }: HostOptions): RequestHandler {
  if (mode === "registered") return (_request, _response, next) => next();
  const own = new Set([hostnameOf(host.includes(":") ? `[${host}]` : host), new URL(baseUrl).hostname]);
  return ({ headers }, _response, next) => {
    // Never X-Forwarded-Host: a page can set it.
    const hostname = hostnameOf(headers.host ?? "");
    if (hostname !== undefined && (isLoopback(hostname) || own.has(hostname))) return next();
    const fix = `open it at ${baseUrl} or on this machine, or set BASE_URL to the address you use`;
    throw new CallError(421, "forbidden", `Host is not this service: ${fix}`);
  };
}

/** Normalized as in URL. @param host with or without a port */
function hostnameOf(host: string): string | undefined {
  return URL.parse(`http://${host}`)?.hostname;
}
