// Shuts the server down without losing a request. First, responses say `Connection: close`, so that clients reconnect
// elsewhere. Then no new connections are accepted, and idle ones are closed until none are left.
import type { Server, ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export type Drain = {
  /** Closes connections after their response while the load balancer notices. @param delay milliseconds */
  announce(delay: number): Promise<void>;
  /** Stops accepting connections. Resolves once all are closed, with how many were cut. */
  end(): Promise<number>;
};

/** Milliseconds. */
export type DrainTimeouts = {
  /** How long a request can be in transit. */
  readonly inTransit: number;
  /** Then connections without a complete request head are closed. */
  readonly silent: number;
  /** Then all connections are closed, requests in progress included. */
  readonly total: number;
};

export const DRAIN_TIMEOUTS: DrainTimeouts = { inTransit: 500, silent: 1_000, total: 10_000 };
const IDLE_CHECK_INTERVAL = 50; // milliseconds
/** The server keeps the process alive, not these timers. */
const UNREF = { ref: false };

/** Call it before the server listens. */
export function drainable(server: Server, timeouts: DrainTimeouts = DRAIN_TIMEOUTS): Drain {
  const sockets = new Set<Socket>();
  const answering = new Set<ServerResponse>();
  let isLast = false;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.prependListener("request", (_request, response: ServerResponse) => {
    answering.add(response);
    response.once("close", () => answering.delete(response));
    if (isLast) endConnection(response);
  });
  const answerLast = () => {
    isLast = true;
    for (const response of answering) endConnection(response);
  };
  const closeSilent = () => {
    const busy = new Set([...answering].map(({ socket }) => socket));
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
  };
  return {
    async announce(delay) {
      const last = Math.min(delay, timeouts.inTransit);
      if (delay > last) answerLast();
      await wait(delay - last, undefined, UNREF);
      // At the very end, clients that still call keep their connection: one opened just as the server stops accepting
      // would be lost, along with its request.
      isLast = false;
      await wait(last, undefined, UNREF);
    },
    async end() {
      // http.Server's own close() drops idle connections at once, along with requests in transit on them.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
      answerLast();
      let cut = 0;
      const steps = [
        setTimeout(closeSilent, timeouts.silent),
        setTimeout(() => {
          cut = sockets.size;
          server.closeAllConnections();
        }, timeouts.total),
      ];
      await wait(timeouts.inTransit);
      const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_INTERVAL);
      await closed;
      for (const timer of [closeIdle, ...steps]) clearTimeout(timer);
      return cut;
    },
  };
}

function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("Connection", "close");
}
