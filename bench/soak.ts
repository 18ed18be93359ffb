// Runs the service at steady load and tells its memory and latency over time: `npm run soak -- --minutes 10 --rate 50`.
// Each call is signed by a registered client; one in four has the service read the chart from an EHR, which fails now and then.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "50" },
    port: { type: "string", default: "3999" },
  },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];
const url = `http://127.0.0.1:${values.port}`;
const endpoint = `${url}/cds-services/preferred-product-order-sign`;
const ISSUER = "https://soak.example.org";
const REPORT_EVERY = 30_000; // milliseconds

const ehr = createServer((_request, response) => {
  if (Math.random() < 0.02) return void response.destroy();
  response.writeHead(200, { "content-type": "application/fhir+json" });
  response.end('{"resourceType":"Bundle","type":"searchset","total":0}');
});
await new Promise<void>((resolve) => ehr.listen(0, "127.0.0.1", resolve));
const fhirServer = `http://127.0.0.1:${(ehr.address() as AddressInfo).port}/fhir`;

const { publicKey, privateKey } = await generateKeyPair("ES384");
const folder = mkdtempSync(join(tmpdir(), "soak-"));
const keys = [{ ...(await exportJWK(publicKey)), kid: "soak", alg: "ES384" }];
const clients = [{ name: "soak", issuer: ISSUER, jwks: { keys }, fhirServers: [fhirServer] }];
writeFileSync(join(folder, "clients.yaml"), JSON.stringify({ clients }));
const service: ChildProcess = spawn(process.execPath, ["src/main.ts"], {
  env: { ...process.env, PORT: values.port, CLIENTS_FILE: join(folder, "clients.yaml"), LOG_LEVEL: "warn" },
  stdio: ["ignore", "ignore", "inherit"],
});
while (!(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok) await wait(100);

const withPrefetch = JSON.parse(readFileSync("docs/examples/change.json", "utf8"));
const { prefetch, ...bare } = withPrefetch;
const fhirAuthorization = { access_token: "t", token_type: "Bearer", expires_in: 300, scope: "", subject: "s" };
const withEhr = { ...bare, fhirServer, fhirAuthorization };

type Window = { milliseconds: number[]; statuses: Map<string, number> };
const newWindow = (): Window => ({ milliseconds: [], statuses: new Map() });
let window = newWindow();

async function callOnce(turn: number): Promise<void> {
  const iat = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({ iss: ISSUER, aud: endpoint, iat, exp: iat + 300, jti: randomUUID() })
    .setProtectedHeader({ alg: "ES384", kid: "soak", typ: "JWT" })
    .sign(privateKey);
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify(turn % 4 === 0 ? withEhr : withPrefetch);
  const start = performance.now();
  const status = await fetch(endpoint, { method: "POST", headers, body }).then(
    async (response) => {
      await response.text();
      return String(response.status);
    },
    () => "failed",
  );
  window.milliseconds.push(performance.now() - start);
  window.statuses.set(status, (window.statuses.get(status) ?? 0) + 1);
}

/** Resident memory of the service in MB. */
function memory(): number {
  return Math.round(Number(execFileSync("ps", ["-o", "rss=", "-p", String(service.pid)])) / 1024);
}

function report(elapsed: number): void {
  const sorted = window.milliseconds.sort((a, b) => a - b);
  const percentile = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const statuses = [...window.statuses].map(([status, count]) => `${status}: ${count}`).join(", ");
  const minute = (elapsed / 60_000).toFixed(1).padStart(5);
  process.stdout.write(
    `${minute} min  ${memory()} MB  p50 ${percentile(0.5)} ms  p99 ${percentile(0.99)} ms  ${statuses}\n`,
  );
  window = newWindow();
}

const start = performance.now();
let nextReport = REPORT_EVERY;
const underWay = new Set<Promise<void>>();
for (let turn = 0; performance.now() - start < minutes * 60_000; turn += 1) {
  const one = callOnce(turn).finally(() => underWay.delete(one));
  underWay.add(one);
  await wait(Math.max(0, start + (turn + 1) * (1000 / rate) - performance.now()));
  if (performance.now() - start >= nextReport) {
    report(nextReport);
    nextReport += REPORT_EVERY;
  }
}
await Promise.all(underWay);
if (window.milliseconds.length > 0) report(performance.now() - start);
service.kill("SIGTERM");
ehr.close();
rmSync(folder, { recursive: true });
