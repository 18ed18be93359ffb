// The second process of the benchmark: sends calls over a few connections that stay open, and says how long they took.
import { Agent, request } from "node:http";

export type Load = {
  readonly port: number;
  readonly path?: string;
  /** Sent in turn. */
  readonly bodies: readonly string[];
  readonly calls: number;
  readonly connections: number;
  /** One for each call where given, else none. */
  readonly tokens?: readonly string[];
  /** Sent again and again over two more connections for as long as the calls last. */
  readonly beside?: string;
};
export type Sent = { readonly milliseconds: readonly number[]; readonly failures: readonly string[] };

const CONNECTIONS_BESIDE = 2;
const ORDER_SIGN = "/cds-services/preferred-product-order-sign";

async function send({ port, path = ORDER_SIGN, bodies, calls, connections, tokens, beside }: Load): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections + CONNECTIONS_BESIDE });
  const milliseconds: number[] = [];
  const failures: string[] = [];
  let next = 0;
  const one = (body: string, token?: string) =>
    new Promise<void>((resolve) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const start = performance.now();
      const call = request({ port, host: "127.0.0.1", path, method: "POST", agent, headers }, (response) => {
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
      call.end(body);
    });
  const lane = async () => {
    while (next < calls) {
      const index = next;
      next += 1;
      await one(bodies[index % bodies.length] ?? "", tokens?.[index]);
    }
  };
  const laneBeside = async (body: string) => {
    while (next < calls) await one(body);
  };
  const lanes = Array.from({ length: connections }, lane);
  const others = beside ? Array.from({ length: CONNECTIONS_BESIDE }, () => laneBeside(beside)) : [];
  await Promise.all([...lanes, ...others]);
  agent.destroy();
  return { milliseconds, failures };
}

process.on("message", (load: Load) => void send(load).then((sent) => process.send?.(sent)));
process.on("disconnect", () => process.exit());
