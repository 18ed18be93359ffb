// The real process ends under keep-alive load: every call that was sent is answered, and no connection, idle or silent, keeps it from ending.
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { call } from "../support/calls.ts";
import { killAll, serve } from "../support/process.ts";
import { until } from "../support/until.ts";

afterAll(killAll);

const BODY = JSON.stringify(call());

async function orderSign(url: string, agent: Agent): Promise<{ status: number | undefined; body: string }> {
  const headers = { "content-type": "application/json", "content-length": String(BODY.length) };
  const sent = request(`${url}/cds-services/${SERVICE_ID}`, { method: "POST", headers, agent }).end(BODY);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}

test.each(["0", "1000"])("with %s ms for the load balancer", async (DRAIN_DELAY_MS) => {
  const { url, child, exit, output } = await serve({ DRAIN_DELAY_MS });
  const cards: number[] = [];
  const failed: unknown[] = [];
  const callers = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let isRefused = false; !isRefused; ) {
      try {
        const { status, body } = await orderSign(url, agent);
        if (status === 200) cards.push((JSON.parse(body) as { cards: unknown[] }).cards.length);
        else failed.push(body);
      } catch (error) {
        isRefused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED"; // nothing was sent
        if (!isRefused) failed.push(error);
      }
    }
    agent.destroy();
  });
  const { port, hostname } = new URL(url);
  const silent = connect(Number(port), hostname);
  const idle = connect(Number(port), hostname);
  for (const socket of [silent, idle]) socket.on("error", () => {}).resume();
  idle.write("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => cards.length > 200 && idle.bytesRead > 0);
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  await Promise.all(callers);
  expect(failed).toEqual([]);
  expect(new Set(cards)).toEqual(new Set([1]));
  // Closed each for its own reason, not all at the last, when connections are cut.
  expect(output()).not.toContain("requests in progress were cut");
});
