// How many calls a second one instance answers, and what each costs: `node bench/load.ts --database postgres://…`.
// Callers send one call after the other, each with a token that was signed before the clock starts. CPU and memory are what the
// service's own metrics say.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Pool } from "undici";

const { values } = parseArgs({
  options: {
    database: { type: "string" },
    seconds: { type: "string", default: "10" },
    callers: { type: "string", default: "1,4,16" },
    algorithm: { type: "string", default: "ES384" },
    port: { type: "string", default: "3998" },
  },
});
const seconds = Number(values.seconds);
const metricsPort = Number(values.port) + 1;
const service = `http://127.0.0.1:${values.port}`;
const BASE_URL = "https://cds.example.org";
const ISSUER = "https://load.example.org";
const ORDER_SIGN = "/cds-services/preferred-product-order-sign";
/** More than one instance answers here. */
const MAX_CALLS_A_SECOND = 1_000;

const { publicKey, privateKey } = await generateKeyPair(values.algorithm);
const folder = mkdtempSync(join(tmpdir(), "load-"));
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "load", alg: values.algorithm }] };
writeFileSync(join(folder, "clients.yaml"), JSON.stringify({ clients: [{ name: "load", issuer: ISSUER, jwks }] }));
const child = spawn(process.execPath, ["src/main.ts"], {
  env: {
    ...process.env,
    NODE_ENV: "production",
    BASE_URL,
    CLIENTS_FILE: join(folder, "clients.yaml"),
    DATABASE_URL: values.database ?? `sqlite:${join(folder, "cds.db")}`,
    PORT: values.port,
    METRICS_PORT: String(metricsPort),
  },
  stdio: ["ignore", "ignore", "inherit"],
});
while (!(await fetch(`${service}/health/ready`).catch(() => undefined))?.ok) await wait(100);

/** An order of the brand, with a history of other medicines, no two alike, that makes the body so large. @param size bytes */
function order(size: number): string {
  const body = JSON.parse(readFileSync("docs/examples/change.json", "utf8"));
  const history = body.prefetch.medicationRequests;
  history.entry ??= [];
  for (let number = 0; JSON.stringify(body).length < size; number += 1) {
    const medicationCodeableConcept = {
      coding: [
        {
          system: "http://www.nlm.nih.gov/research/umls/rxnorm",
          code: String(314_076 + number),
          display: `lisinopril ${number} MG Oral Tablet`,
        },
      ],
    };
    const subject = { reference: "Patient/example" };
    const [id, authoredOn] = [`past-${number}`, "2026-03-02"];
    const dosageInstruction = [
      { text: "Take 1 tablet by mouth once daily", timing: { repeat: { frequency: 1, period: 1, periodUnit: "d" } } },
    ];
    const resource = {
      resourceType: "MedicationRequest",
      id,
      status: "completed",
      intent: "order",
      subject,
      authoredOn,
    };
    history.entry.push({ resource: { ...resource, medicationCodeableConcept, dosageInstruction } });
  }
  return JSON.stringify(body);
}
/** Cards that were issued meanwhile: only a few outcomes of others are kept. */
const issued: string[] = [];
let answered = 0;
const feedback = () => {
  answered += 1;
  const card = issued[answered % issued.length];
  return JSON.stringify({ feedback: [{ card, outcome: "overridden", outcomeTimestamp: new Date().toISOString() }] });
};

function sign(path: string): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: ISSUER, aud: BASE_URL + path, iat, exp: iat + 600, jti: randomUUID() })
    .setProtectedHeader({ alg: values.algorithm, kid: "load", typ: "JWT" })
    .sign(privateKey);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1]);
}

async function measure(name: string, path: string, body: () => string, callers: number): Promise<void> {
  const tokens: string[] = [];
  while (tokens.length < seconds * MAX_CALLS_A_SECOND)
    tokens.push(...(await Promise.all(Array.from({ length: 100 }, () => sign(path)))));
  const pool = new Pool(service, { connections: callers });
  const times: number[] = [];
  let failed = 0;
  const cpuBefore = await metric("process_cpu_seconds_total");
  const start = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - start < seconds * 1000) {
        const headers = { "content-type": "application/json", authorization: `Bearer ${tokens.pop()}` };
        const sent = performance.now();
        const answer = await pool.request({ method: "POST", path, headers, body: body() });
        const card = /"uuid":"([^"]+)"/.exec(await answer.body.text())?.[1];
        if (card !== undefined) issued.push(card);
        times.push(performance.now() - sent);
        if (answer.statusCode !== 200) failed += 1;
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1000;
  const cpu = (await metric("process_cpu_seconds_total")) - cpuBefore;
  const memory = (await metric("process_resident_memory_bytes")) / 2 ** 20;
  await pool.close();
  times.sort((a, b) => a - b);
  const percentile = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  const figures = [
    `${Math.round(times.length / elapsed)} calls/s`,
    `p50 ${percentile(0.5)} ms`,
    `p99 ${percentile(0.99)} ms`,
    `CPU ${((cpu * 1000) / times.length).toFixed(2)} ms a call, ${Math.round((cpu / elapsed) * 100)} %`,
    `${Math.round(memory)} MB`,
    `${failed} failed`,
  ];
  process.stdout.write(`${name.padEnd(20)} ${String(callers).padStart(3)} callers: ${figures.join(", ")}\n`);
}

const [small, large] = [order(4_096), order(113 * 1024)];
for (const body of [small, large]) await measure("(warming up)", ORDER_SIGN, () => body, 4);
for (const callers of values.callers.split(",").map(Number)) {
  await measure(`order-sign ${(small.length / 1024).toFixed(0)} KB`, ORDER_SIGN, () => small, callers);
  await measure(`order-sign ${(large.length / 1024).toFixed(0)} KB`, ORDER_SIGN, () => large, callers);
  await measure("feedback", `${ORDER_SIGN}/feedback`, feedback, callers);
}
child.kill("SIGTERM");
rmSync(folder, { recursive: true });
