// Memory and latency of the service at steady load: `npm run soak -- --minutes 10 --rate 50`. Each request is signed by a registered client;
// for one in four the service reads the chart from an EHR, which fails now and then.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startService } from "./servers/service.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, rate: { type: "string", default: "50" } },
});
const [end, rate] = [Number(values.minutes) * 60_000, Number(values.rate)];
const REPORT_EVERY = 30_000; // milliseconds

const ehr = createServer((_request, response) => {
  if (Math.random() < 0.02) return void response.destroy();
  response.setHeader("content-type", "application/fhir+json");
  response.end('{"resourceType":"Bundle","type":"searchset","total":0}');
}).listen(0, "127.0.0.1");
await once(ehr, "listening");
const fhirServer = `http://127.0.0.1:${(ehr.address() as AddressInfo).port}/fhir`;
const { server, sign } = await startService(["ES384"], [fhirServer]);

const withPrefetch = JSON.parse(readFileSync("docs/examples/change.json", "utf8"));
const { prefetch, ...bare } = withPrefetch;
const fhirAuthorization = { access_token: "t", token_type: "Bearer", expires_in: 300, scope: "", subject: "s" };
const [fromPrefetch, fromEhr] = [withPrefetch, { ...bare, fhirServer, fhirAuthorization }].map((call) =>
  Buffer.from(JSON.stringify(call)),
) as [Buffer, Buffer];

let times: number[] = [];
let statuses: Record<string, number> = {};

async function sendOne(turn: number): Promise<void> {
  const token = await sign.ES384?.();
  const start = performance.now();
  const { status } = await server
    .send(turn % 4 === 0 ? fromEhr : fromPrefetch, token)
    .catch(() => ({ status: "failed" }));
  times.push(performance.now() - start);
  statuses[status] = (statuses[status] ?? 0) + 1;
}

async function report(elapsed: number): Promise<void> {
  const sorted = times.toSorted((a, b) => a - b);
  const percentile = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const latency = `p50 ${percentile(0.5)} ms  p99 ${percentile(0.99)} ms  ${JSON.stringify(statuses)}`;
  [times, statuses] = [[], {}];
  const memory = (await server.used()).memory.toFixed(0);
  process.stdout.write(`${(elapsed / 60_000).toFixed(1)} min  ${memory} MB  ${latency}\n`);
}

const start = performance.now();
const elapsed = () => performance.now() - start;
const underWay = new Set<Promise<void>>();
for (let turn = 0, due = REPORT_EVERY; elapsed() < end; turn += 1) {
  const one = sendOne(turn).finally(() => underWay.delete(one));
  underWay.add(one);
  await wait(Math.max(0, ((turn + 1) * 1000) / rate - elapsed()));
  if (elapsed() < due) continue;
  await report(due);
  due += REPORT_EVERY;
}
await Promise.all(underWay);
if (times.length > 0) await report(elapsed());
server.stop();
ehr.close();
