// How long one order-sign call keeps the event loop, from the parsed body to the card: `npm run bench`. Each input is measured in
// a thread of its own, which is ended where one run takes longer than MAX_LENGTH.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { answerOrderSign } from "../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../src/chart/ehr.ts";
import { CallError } from "../src/http/errors.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { inputs } from "./inputs.ts";

const RUNS = 7;
const WARM = 30; // runs before those that count, as far as they fit into SPENT
const MAX_LENGTH = 20_000; // milliseconds
const SPENT = 1_500; // milliseconds on an input, if its runs are short

type Times = { first: number; median: number };

/** Of several runs: the first, when nothing is compiled yet, and the median. The body is parsed anew for each, as a server does. */
async function measure(name: string): Promise<Times> {
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
    await answerOrderSign(body, client, settings).catch(throwUnlessRefused);
    times.push(performance.now() - start);
  }
  const last = times.slice(-RUNS).sort((a, b) => a - b);
  return { first: times[0] ?? 0, median: last[Math.floor(last.length / 2)] ?? 0 };
}

/** A call that is too large is answered with 413, which takes its time as well. */
function throwUnlessRefused(error: unknown): void {
  if (!(error instanceof CallError)) throw error;
}

function measureApart(name: string): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: name });
    const end = (...result: [string, string]) => void worker.terminate().then(() => resolve(result));
    const timer = setTimeout(() => end(`> ${MAX_LENGTH}`, ""), MAX_LENGTH);
    worker.on("message", ({ first, median }: Times) => {
      clearTimeout(timer);
      end(median.toFixed(median < 10 ? 2 : 0), first.toFixed(0));
    });
    worker.on("error", reject);
  });
}

function write(name: string, ...columns: string[]): void {
  process.stdout.write(`${name.padEnd(62)}${columns.map((column) => column.padStart(10)).join("")}\n`);
}

if (isMainThread) {
  const [only] = process.argv.slice(2);
  write("input", "KB", "median ms", "first ms");
  for (const [name, make] of Object.entries(inputs)) {
    if (only && !name.includes(only)) continue;
    write(name, (Buffer.byteLength(JSON.stringify(make())) / 1000).toFixed(0), ...(await measureApart(name)));
  }
} else {
  parentPort?.postMessage(await measure(workerData));
}
