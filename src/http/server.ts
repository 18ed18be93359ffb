// The HTTP server around the app, bounded against clients that send slowly, never end, or open connections without end.
import { createServer, type RequestListener, type Server } from "node:http";

export type ServerLimits = {
  /** Milliseconds for the headers of a request. */
  readonly headersTimeout: number;
  /** Milliseconds for a whole request, its body included. */
  readonly requestTimeout: number;
  /** Milliseconds that an idle connection is kept: longer than the usual 60 s of the proxy before it. */
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
  // How often the timeouts are looked at: often enough to mean what they say.
  const connectionsCheckingInterval = Math.min(1_000, timeouts.headersTimeout);
  const server = createServer({ ...timeouts, connectionsCheckingInterval, maxHeaderSize: MAX_HEADER_BYTES }, app);
  server.maxConnections = maxConnections;
  return server;
}
