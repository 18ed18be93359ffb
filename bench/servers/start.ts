// Starts a server of the benchmark as a process of its own, sends requests to it over a few connections that stay open, and tells what they
// cost. Flags of Node are passed on: `node --cpu-prof bench/requests.ts` writes a profile of each server too.
import { fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "undici";

const CONNECTIONS = 8;
const PATH = "/cds-services/preferred-product-order-sign";

export type Sign = () => Promise<string>;
export type Server = Awaited<ReturnType<typeof start>>;

/** @param module its path in the repository */
export async function start(module: string, env: Record<string, string> = {}) {
  const port = await freePort();
  const child = fork(module, {
    execArgv: [...process.execArgv, "--import", new URL("./report-use.ts", import.meta.url).href],
    env: { PORT: String(port), ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });

  async function send(body: Buffer, token?: string): Promise<{ status: number; text: string }> {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const { statusCode, body: answer } = await pool.request({ method: "POST", path: PATH, headers, body });
    return { status: statusCode, text: await answer.text() };
  }
  /** Milliseconds of CPU since the start, all threads together, and MB of memory. */
  async function used(): Promise<{ cpu: number; memory: number }> {
    child.send("used");
    const [answer] = await once(child, "message");
    return answer;
  }
  /** Milliseconds of CPU for one of so many requests, each with a token of its own where they are signed. */
  async function cpuOf(body: Buffer, requests: number, sign?: Sign): Promise<number> {
    const tokens = sign && (await Promise.all(Array.from({ length: requests }, sign)));
    const before = await used();
    let next = 0;
    const sendInTurn = async () => {
      while (next < requests) {
        next += 1;
        const { status, text } = await send(body, tokens?.[next - 1]);
        if (status !== 200) throw new Error(`${module} answered ${status}: ${text}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, sendInTurn));
    return ((await used()).cpu - before.cpu) / requests;
  }
  function stop(): void {
    child.disconnect();
    void pool.close();
  }

  while (!(await send(Buffer.from("{}")).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`${module} ended with ${child.exitCode}`);
    await wait(50);
  }
  return { send, used, cpuOf, stop };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
