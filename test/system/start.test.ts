// The real process, started as the README says: it serves, refuses a bad start with every fault, and ends when told to.
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, draft, EMPTY_CHART } from "../support/calls.ts";
import { freePort } from "../support/databases.ts";
import { leaksIn } from "../support/planted.ts";
import { killAll, run, serve, untilReady } from "../support/process.ts";
import { createSigner } from "../support/tokens.ts";
import { until } from "../support/until.ts";

afterAll(killAll);

/** Whether no new connection is taken. */
const isRefused = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(false);
    }).on("error", () => resolve(true));
  });

test("npm start serves, and the card leads to the policy page", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { output } = run(["npm", "start"], { PORT: String(port) });
  await untilReady(url);
  expect(output()).toContain(`"discovery":"${url}/cds-services"`);
  expect(output()).toContain("open mode: anyone who reaches this service may call it");
  const { services } = (await (await fetch(`${url}/cds-services`)).json()) as { services: { id: string }[] };
  const answer = await fetch(`${url}/cds-services/${services[0]?.id}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(call()),
  });
  const { cards } = (await answer.json()) as { cards: { source: { url: string } }[] };
  expect((await fetch(cards[0]?.source.url ?? "")).status).toBe(200);
});

test("SIGTERM: no new calls, the call under way is answered, and the process ends with 0", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // An EHR that answers nothing keeps the call under way until it hangs up.
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const ehr = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/fhir`;
  const { child, exit, output } = run([process.execPath, "src/main.ts"], {
    PORT: String(port),
    FHIR_SERVERS: ehr,
    CALL_DEADLINE_MS: "9000",
  });
  await untilReady(url);
  const { allergies, ...prefetch } = EMPTY_CHART;
  const fhirAuthorization = { access_token: "t", token_type: "Bearer", expires_in: 60, scope: "", subject: "s" };
  const underWay = fetch(`${url}/cds-services/preferred-product-order-sign`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(call([draft()], prefetch, { fhirServer: ehr, fhirAuthorization })),
  });
  const [toEhr] = (await once(silent, "connection")) as [Socket];
  child.kill("SIGTERM");
  await until(() => isRefused(port));
  toEhr.destroy();
  const answer = await underWay;
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("Could not be read: allergies.");
  expect(await exit).toEqual([0, null]);
  expect(output()).not.toContain("requests in progress were cut");
  silent.close();
});

test("a bad setting or policy stops the start with exit code 78, every fault named", async () => {
  const settings = run([process.execPath, "src/main.ts"], { PORT: "x", LOG_LEVEL: "loud" });
  expect(await settings.exit).toEqual([78, null]);
  expect(settings.output()).toMatch(/PORT must be.*\nLOG_LEVEL must be/);

  const directory = mkdtempSync(join(tmpdir(), "cards-"));
  mkdirSync(join(directory, "empty-policy"));
  const policies = run([process.execPath, "src/main.ts"], { CARDS_DIR: directory });
  expect(await policies.exit).toEqual([78, null]);
  expect(policies.output()).toContain(join(directory, "empty-policy", "policy.yaml"));
  rmSync(directory, { recursive: true });
});

test("cases are read for the playground only: wrong ones refuse the start; without any it starts, and warns", async () => {
  const directory = mkdtempSync(join(tmpdir(), "cards-"));
  cpSync("cards", directory, { recursive: true });
  const cases = join(directory, "imatinib-preferred", "cases.yaml");
  writeFileSync(cases, "cases: [{ nam: x }]\n");
  const wrong = run([process.execPath, "src/main.ts"], { CARDS_DIR: directory });
  expect(await wrong.exit).toEqual([78, null]);
  expect(wrong.output()).toContain(`${cases}:1:11: cases.0.nam: is not a valid key here, did you mean "name"?`);

  rmSync(cases);
  const { output } = await serve({ CARDS_DIR: directory });
  expect(output()).toContain(`"level":40`);
  expect(output()).toContain(`${cases}:1:1: is missing, so the policy is untested`);
  rmSync(directory, { recursive: true });
});

test("with a clients file only registered clients are answered; production wants one", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const signer = await createSigner("https://ehr.example.org");
  const folder = mkdtempSync(join(tmpdir(), "clients-"));
  const file = join(folder, "clients.yaml");
  const jwks = { keys: [signer.publicKey] };
  writeFileSync(
    file,
    JSON.stringify({ clients: [{ name: "example-health", issuer: "https://ehr.example.org", jwks }] }),
  );
  const production = { NODE_ENV: "production", BASE_URL: "https://cds.example.org", PORT: String(port) };
  const { output } = run([process.execPath, "src/main.ts"], { ...production, CLIENTS_FILE: file });
  await untilReady(url);
  expect(output()).toContain('"clients":["example-health"]');
  const statusWith = async (headers: Record<string, string>) =>
    (await fetch(`${url}/cds-services`, { headers })).status;
  expect(await statusWith({})).toBe(401);
  const token = await signer.sign({ aud: "https://cds.example.org/cds-services" });
  expect(await statusWith({ authorization: `Bearer ${token}` })).toBe(200);
  expect(leaksIn(output().split("\n"))).toEqual([]);

  const anonymous = run([process.execPath, "src/main.ts"], production);
  expect(await anonymous.exit).toEqual([78, null]);
  expect(anonymous.output()).toContain("CLIENTS_FILE is required in production");

  writeFileSync(file, "clients: [{ name: example-health }]");
  const both = run([process.execPath, "src/main.ts"], { CLIENTS_FILE: file, CARDS_DIR: folder });
  expect(await both.exit).toEqual([78, null]);
  expect(both.output()).toContain("clients[0].issuer");
  expect(both.output()).toContain(folder);
  rmSync(folder, { recursive: true });
});

test("readiness is red first: while it drains, new calls are still answered; metrics have a port of their own", async () => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const env = { PORT: String(port), METRICS_PORT: String(metricsPort), DRAIN_DELAY_MS: "60000" };
  const { child } = run([process.execPath, "src/main.ts"], env);
  await untilReady(url);
  const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  expect([metrics.status, await metrics.text()]).toEqual([200, expect.stringContaining("cds_store_up 1")]);
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  child.kill("SIGTERM");
  await until(async () => (await fetch(`${url}/health/ready`)).status === 503);
  expect((await fetch(`${url}/cds-services`)).status).toBe(200);
});

test("once it has drained, it ends with 0", async () => {
  const { child, exit, output } = await serve({ DRAIN_DELAY_MS: "1", METRICS_PORT: String(await freePort()) });
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(output()).toContain('"msg":"stopped"');
});

test("an error that nothing caught: it is in the log, without its message, and the process ends with 1", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crash-"));
  const crash = join(folder, "crash.mjs");
  writeFileSync(crash, 'process.on("SIGUSR2", () => { throw new Error("planted-message"); });');
  const port = await freePort();
  const command = [process.execPath, "--import", crash, "src/main.ts"];
  const { child, exit, output } = run(command, { PORT: String(port) });
  await untilReady(`http://127.0.0.1:${port}`);
  child.kill("SIGUSR2");
  expect(await exit).toEqual([1, null]);
  expect(output()).toMatch(/"level":60.*uncaught error/);
  expect(output()).toContain("shutting down: not ready");
  expect(output()).not.toContain("planted-message");
  rmSync(folder, { recursive: true });
});

test("a port that is taken is told in one line", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { exit, output } = run([process.execPath, "src/main.ts"], {
    PORT: String((taken.address() as AddressInfo).port),
  });
  expect(await exit).toEqual([78, null]);
  expect(output()).toContain("EADDRINUSE");
  taken.close();
});
