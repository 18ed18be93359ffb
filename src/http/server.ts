// The HTTP server around the app, with limits against slow or endless requests and too many connections.
import { createServer, type RequestListener, type Server } from "node:http";

export type ServerLimits = {
  /** Milliseconds to receive the request headers. */
  readonly headersTimeout: number;
  /** Milliseconds to receive the whole request, body included. */
  readonly requestTimeout: number;
  /** Milliseconds to keep an idle connection: longer than the usual 60 s of a proxy in front. */
  readonly keepAliveTimeout: number;
  readonly maxConnections: number;
};

const LIMITS: ServerLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxConnections: 2_000,
};

const MAX_HEADER_BYTES = 16 * 1024;

export function createHttpServer(app: RequestListener, limits: ServerLimits = LIMITS): Server {
  const { maxConnections, ...timeouts } = limits;
  // By default Node checks timeouts every 30 s: too coarse for a 10 s limit.
  const connectionsCheckingInterval = Math.min(1_000, timeouts.headersTimeout);
  const server = createServer({ ...timeouts, connectionsCheckingInterval, maxHeaderSize: MAX_HEADER_BYTES }, app);
  server.maxConnections = maxConnections;
  return server;
}
