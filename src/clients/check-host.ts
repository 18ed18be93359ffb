// Open mode: pages and reports are for whoever names this service in the address. A web page whose own name leads here (DNS rebinding) is one
// origin with what it reads then, and would be answered what only this machine may read; the Host header is how it is told apart.
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

/** Lets pass the host that is listened on, that of the public address, and names of this machine, on any port. Registered clients have tokens. */
export function checkHost({ mode, host, baseUrl }: HostOptions): RequestHandler {
  if (mode === "registered") return (_request, _response, next) => next();
  const own = new Set([hostnameOf(host.includes(":") ? `[${host}]` : host), new URL(baseUrl).hostname]);
  return ({ headers }, _response, next) => {
    // Never X-Forwarded-Host: a page may set it.
    const hostname = hostnameOf(headers.host ?? "");
    if (hostname !== undefined && (isLoopback(hostname) || own.has(hostname))) return next();
    const fix = `open it at ${baseUrl} or on this machine, or set BASE_URL to the address that is used`;
    throw new CallError(421, "forbidden", `Host is not one of this service: ${fix}`);
  };
}

/** As URL writes it. @param host with or without a port */
function hostnameOf(host: string): string | undefined {
  return URL.parse(`http://${host}`)?.hostname;
}
