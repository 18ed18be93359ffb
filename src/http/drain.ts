// Ends a server without losing a call: answers end their connections, so that clients open their next one elsewhere; then no connection is taken
// any more, and those that are idle are closed, again and again, until the last is gone.
import type { Server, ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export type Drain = {
  /** Answers end their connections, while a load balancer finds out that it should send calls elsewhere. @param delay milliseconds */
  announce(delay: number): Promise<void>;
  /** Takes no more connections. Resolves when the last is closed, with how many had to be cut. */
  end(): Promise<number>;
};

/** Milliseconds. */
export type Patience = {
  /** As long as a call may be on its way. */
  readonly moment: number;
  /** After which connections are closed that have sent no whole head of a request. */
  readonly silent: number;
  /** After which those are cut whose calls are still under way. */
  readonly all: number;
};

export const PATIENCE: Patience = { moment: 500, silent: 1_000, all: 10_000 };
const EVERY = 50; // milliseconds
/** It is the server that keeps the process alive. */
const UNHELD = { ref: false };

/** To be called before the server listens. */
export function drainable(server: Server, patience: Patience = PATIENCE): Drain {
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
      const last = Math.min(delay, patience.moment);
      if (delay > last) answerLast();
      await wait(delay - last, undefined, UNHELD);
      // Clients that come back here all the same keep their connection for the last moment: one that is just being opened when no more are
      // taken would be lost, with the call on it.
      isLast = false;
      await wait(last, undefined, UNHELD);
    },
    async end() {
      // Not the close of http.Server, which closes idle connections at once, and loses the calls that are on their way on them.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
      answerLast();
      let cut = 0;
      const steps = [
        setTimeout(closeSilent, patience.silent),
        setTimeout(() => {
          cut = sockets.size;
          server.closeAllConnections();
        }, patience.all),
      ];
      await wait(patience.moment);
      const closeIdle = setInterval(() => server.closeIdleConnections(), EVERY);
      await closed;
      for (const timer of [closeIdle, ...steps]) clearTimeout(timer);
      return cut;
    },
  };
}

function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("Connection", "close");
}
