// A small load balancer: round robin over the instances that say that they are ready. A call goes to another instance only when the connection
// was refused, so that nothing was sent yet.
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";

export type Balancer = {
  readonly url: string;
  /** Calls that were answered by the instance, by its address. */
  answeredBy(instance: string): number;
  add(instance: string): void;
  remove(instance: string): void;
  stop(): Promise<void>;
};

const LOOK_EVERY = 50; // milliseconds

export async function startBalancer(): Promise<Balancer> {
  const ready = new Map<string, boolean>();
  const answered = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  let isStopped = false;

  async function look(): Promise<void> {
    while (!isStopped) {
      await Promise.all(
        [...ready.keys()].map(async (instance) => {
          const isReady = await fetch(`${instance}/health/ready`).then(
            ({ ok }) => ok,
            () => false,
          );
          if (ready.has(instance)) ready.set(instance, isReady);
        }),
      );
      await wait(LOOK_EVERY);
    }
  }
  const looking = look();

  const server = createServer(async (call, answer) => {
    const body = await buffer(call);
    const instances = [...ready].filter(([, isReady]) => isReady).map(([instance]) => instance);
    turn += 1;
    for (let tries = 0; tries < instances.length; tries += 1) {
      const instance = instances[(turn + tries) % instances.length] ?? "";
      try {
        await pass(agent, instance, call, body, answer);
        answered.set(instance, (answered.get(instance) ?? 0) + 1);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") continue;
        return void answer.writeHead(502).end(String(error));
      }
    }
    answer.writeHead(503).end("no instance is ready");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answeredBy: (instance) => answered.get(instance) ?? 0,
    add: (instance) => void ready.set(instance, false),
    remove: (instance) => void ready.delete(instance),
    async stop() {
      isStopped = true;
      await looking;
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** On a connection that is kept, as far as the instance keeps it. Rejects when there is no answer, or not a whole one. */
async function pass(
  agent: Agent,
  instance: string,
  call: IncomingMessage,
  body: Buffer,
  answer: ServerResponse,
): Promise<void> {
  const { method = "", url = "" } = call;
  const { connection: _ofTheCaller, ...headers } = call.headers;
  const outgoing = request(instance + url, { method, headers, agent });
  const [incoming] = (await once(outgoing.end(body), "response")) as [IncomingMessage];
  const whole = await buffer(incoming);
  answer
    .writeHead(incoming.statusCode ?? 502, { "content-type": incoming.headers["content-type"] ?? "text/plain" })
    .end(whole);
}
