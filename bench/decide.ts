// How long one order-sign call keeps the event loop, from the parsed body to the card: `npm run bench`. Each input is measured in
// a thread of its own, which is ended where one run takes longer than LONGEST.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { answerOrderSign } from "../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../src/chart/ehr.ts";
import { loadPolicies } from "../src/policy/load.ts";
import { inputs } from "./inputs.ts";

const RUNS = 7;
const WARM = 30; // runs before those that count, as far as they fit into SPENT
const LONGEST = 20_000; // milliseconds
const SPENT = 1_500; // milliseconds on an input, if its runs are short

/** The median of several runs. The body is parsed anew for each, as a server does. */
async function measure(name: string): Promise<number> {
  const text = JSON.stringify(inputs[name]?.());
  const policies = loadPolicies("cards");
  const settings = { policies, callDeadline: 60_000, baseUrl: "http://127.0.0.1", exceptionCard: false };
  const client = {
    client: { replacement: "update", dialect: "standard" } as const,
    ehr: connectEhr({ fhirServers: [], privateNetwork: false }),
  };
  const times: number[] = [];
  const started = performance.now();
  while (times.length < RUNS + WARM && (times.length === 0 || performance.now() - started < SPENT)) {
    const body: unknown = JSON.parse(text);
    const start = performance.now();
    await answerOrderSign(body, client, settings);
    times.push(performance.now() - start);
  }
  return times.slice(-RUNS).sort((a, b) => a - b)[Math.floor(Math.min(RUNS, times.length) / 2)] ?? 0;
}

function measureApart(name: string): Promise<string> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: name });
    const end = (result: string) => void worker.terminate().then(() => resolve(result));
    const timer = setTimeout(() => end(`> ${LONGEST}`), LONGEST);
    worker.on("message", (milliseconds: number) => {
      clearTimeout(timer);
      end(milliseconds.toFixed(milliseconds < 10 ? 2 : 0));
    });
    worker.on("error", (error) => {
      clearTimeout(timer);
      end(error.message);
    });
  });
}

function write(name: string, size: string, milliseconds: string): void {
  process.stdout.write(`${name.padEnd(58)}${size.padStart(10)}${milliseconds.padStart(12)}\n`);
}

if (isMainThread) {
  const [only] = process.argv.slice(2);
  write("input", "KB", "ms (median)");
  for (const [name, make] of Object.entries(inputs)) {
    if (only && !name.includes(only)) continue;
    write(name, (Buffer.byteLength(JSON.stringify(make())) / 1000).toFixed(0), await measureApart(name));
  }
} else {
  parentPort?.postMessage(await measure(workerData));
}
