// Starts a server of the benchmark as a process of its own, and measures the CPU that its requests take.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "undici";

const CONNECTIONS = 8;
const PATH = "/cds-services/preferred-product-order-sign";

export type Server = {
  /** Sends the body so often, over a few connections that stay open. @returns milliseconds of CPU for one request, all threads of the server */
  cpuOf(body: Buffer, requests: number, sign?: () => Promise<string>): Promise<number>;
  /** @returns the answer @throws Error if it is not 200 */
  answer(body: Buffer, sign?: () => Promise<string>): Promise<string>;
  stop(): void;
};

/** @param module its path in the repository */
export async function start(module: string, port: number, env: Record<string, string> = {}): Promise<Server> {
  const report = new URL("./report-cpu.ts", import.meta.url).href;
  const child = fork(module, {
    execArgv: [...process.execArgv, "--import", report],
    env: { PATH: process.env.PATH, PORT: String(port), ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  const send = async (body: Buffer, token?: string) => {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const { statusCode, body: answer } = await pool.request({ method: "POST", path: PATH, headers, body });
    const text = await answer.text();
    if (statusCode !== 200) throw new Error(`${module} answered ${statusCode}: ${text}`);
    return text;
  };
  while (!(await isListening(pool))) {
    if (child.exitCode !== null) throw new Error(`${module} ended with ${child.exitCode}`);
    await wait(50);
  }
  return {
    answer: async (body, sign) => send(body, await sign?.()),
    async cpuOf(body, requests, sign) {
      const tokens = sign && (await Promise.all(Array.from({ length: requests }, sign)));
      const before = await cpuUsed(child);
      let next = 0;
      const sendInTurn = async () => {
        while (next < requests) {
          next += 1;
          await send(body, tokens?.[next - 1]);
        }
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, sendInTurn));
      return ((await cpuUsed(child)) - before) / requests;
    },
    stop() {
      child.disconnect();
      void pool.close();
    },
  };
}

/** Whether it answers, be it with 400. */
function isListening(pool: Pool): Promise<boolean> {
  return pool.request({ method: "POST", path: PATH, body: "{}" }).then(
    ({ body }) => body.dump().then(() => true),
    () => false,
  );
}

/** Milliseconds. */
async function cpuUsed(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return (user + system) / 1000;
}
