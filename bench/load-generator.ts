// The second process of the benchmark: sends calls over a few connections that stay open, and says how long they took.
import { Agent, request } from "node:http";

export type Load = {
  readonly port: number;
  readonly body: string;
  readonly calls: number;
  readonly connections: number;
  /** One for each call where given, else none. */
  readonly tokens?: readonly string[];
};
export type Sent = { readonly milliseconds: readonly number[]; readonly failures: readonly string[] };

const PATH = "/cds-services/preferred-product-order-sign";

async function send({ port, body, calls, connections, tokens }: Load): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const bytes = Buffer.from(body);
  const milliseconds: number[] = [];
  const failures: string[] = [];
  let next = 0;
  const one = (index: number) =>
    new Promise<void>((resolve) => {
      const token = tokens?.[index];
      const headers = {
        "content-type": "application/json",
        "content-length": bytes.length,
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const start = performance.now();
      const call = request({ port, host: "127.0.0.1", path: PATH, method: "POST", agent, headers }, (response) => {
        if (response.statusCode !== 200) failures.push(String(response.statusCode));
        response.resume().on("end", () => {
          milliseconds.push(performance.now() - start);
          resolve();
        });
      });
      call.on("error", ({ message }) => {
        failures.push(message);
        resolve();
      });
      call.end(bytes);
    });
  const lane = async () => {
    while (next < calls) {
      next += 1;
      await one(next - 1);
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
  agent.destroy();
  return { milliseconds, failures };
}

process.on("message", (load: Load) => void send(load).then((sent) => process.send?.(sent)));
process.on("disconnect", () => process.exit());
