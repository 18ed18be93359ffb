// A server ends without losing a call: what is under way or on its way is answered, and nothing idle keeps it from ending.
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { DRAIN_TIMEOUTS, drainable } from "../../src/http/drain.ts";
import { until } from "../support/until.ts";

/** Far longer than a test takes: what is not closed for its own reason makes it fail. */
const LONG = 600_000;

async function serve(app: RequestListener, timeouts = { ...DRAIN_TIMEOUTS, total: LONG }) {
  const server = createServer({ keepAliveTimeout: LONG }, app);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const drain = drainable(server, timeouts);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { server, drain, port, connections: () => connections };
}

async function fetchOn(port: number, agent: Agent): Promise<string | undefined> {
  const [answer] = (await once(get({ port, host: "127.0.0.1", agent }), "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  return answer.headers.connection;
}

const answerAtOnce: RequestListener = (_request, response) => void response.end("answered");

test.each([0, 1_000])("under keep-alive load no call fails, with %d ms for the load balancer", async (delay) => {
  const { server, drain, port } = await serve(answerAtOnce);
  const failures: string[] = [];
  const told: (string | undefined)[] = [];
  const callers = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let isRefused = false; !isRefused; ) {
      try {
        told.push(await fetchOn(port, agent));
      } catch (error) {
        isRefused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED"; // nothing was sent
        if (!isRefused) failures.push(String(error));
      }
    }
    agent.destroy();
  });
  await until(() => told.length > 100);
  expect(new Set(told)).toEqual(new Set(["keep-alive"]));
  await drain.announce(delay);
  expect(await drain.end()).toBe(0);
  await Promise.all(callers);
  expect([failures, server.listening]).toEqual([[], false]);
  expect(told.at(-1)).toBe("close");
});

test("while it is announced, each answer ends its connection, and new ones are taken", async () => {
  const { drain, port, connections } = await serve(answerAtOnce);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await fetchOn(port, agent)).toBe("keep-alive");
  void drain.announce(LONG);
  expect(await fetchOn(port, agent)).toBe("close");
  expect(await fetchOn(port, agent)).toBe("close");
  expect(connections()).toBe(2);
  expect(await drain.end()).toBe(0);
});

test("a call on an idle connection that was sent as the server ends is answered", async () => {
  const { drain, port, connections } = await serve(answerAtOnce);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await fetchOn(port, agent)).toBe("keep-alive");
  const ended = drain.end();
  expect([await fetchOn(port, agent), connections()]).toEqual(["close", 1]);
  expect(await ended).toBe(0);
  agent.destroy();
});

test("idle connections, those that become idle, and those that never sent a request are closed", async () => {
  const streaming: ServerResponse[] = [];
  const { drain, port } = await serve((request, response) => {
    if (request.url === "/") return void response.end("answered");
    streaming.push(response);
    response.write("a part");
  });
  const idle = connect(port, "127.0.0.1").on("error", () => {});
  idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(idle, "data");
  const streamed = connect(port, "127.0.0.1").on("error", () => {});
  streamed.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(streamed, "data");
  const silent = connect(port, "127.0.0.1").on("error", () => {});
  const half = connect(port, "127.0.0.1").on("error", () => {});
  half.write("GET / HTTP/1.1\r\n");
  await Promise.all([silent, half].map((socket) => (socket.connecting ? once(socket, "connect") : undefined)));
  for (const socket of [idle, streamed, silent, half]) socket.resume();
  const ended = drain.end();
  await once(idle, "close");
  streaming[0]?.end(); // its head said keep-alive before the end began
  expect(await ended).toBe(0);
});

test("a call under way is answered, and its connection ends with it", async () => {
  const waiting: ServerResponse[] = [];
  const { drain, port } = await serve((_request, response) => void waiting.push(response));
  const agent = new Agent({ keepAlive: true });
  const answer = fetchOn(port, agent);
  await until(() => waiting.length === 1);
  const ended = drain.end();
  waiting[0]?.end("answered");
  expect([await answer, await ended]).toEqual(["close", 0]);
  agent.destroy();
});

test("a call that never ends is cut, and counted", async () => {
  const waiting: ServerResponse[] = [];
  const { drain, port } = await serve((_request, response) => void waiting.push(response), {
    ...DRAIN_TIMEOUTS,
    total: 50,
  });
  const agent = new Agent();
  const answer = fetchOn(port, agent);
  await until(() => waiting.length === 1);
  const [failed, cut] = await Promise.allSettled([answer, drain.end()]);
  expect(failed.status).toBe("rejected");
  expect(cut).toMatchObject({ value: 1 });
});
