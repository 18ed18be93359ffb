// Starts the service (settings, clients, policies, server), and shuts it down on a signal. The only file that reads the
// environment.
import { getHeapStatistics } from "node:v8";
import { type Logger, pino } from "pino";
import { createApp } from "./app.ts";
import { loadScenarios } from "./cases/scenarios.ts";
import { admitAnybody, admitRegistered } from "./clients/authenticate.ts";
import { openClient } from "./clients/client.ts";
import { ClientsFaults, loadClients } from "./clients/clients-file.ts";
import { readSettings, SettingsFaults } from "./config.ts";
import { DRAIN_TIMEOUTS, drainable } from "./http/drain.ts";
import { OPEN_MODE } from "./http/health.ts";
import { describeCrash } from "./http/log.ts";
import { collectState, createMetrics, serveMetrics } from "./http/metrics.ts";
import { createHttpServer } from "./http/server.ts";
import { type Finding, PolicyFaults, writeFinding } from "./policy/load/findings.ts";
import { loadPolicies } from "./policy/load/load.ts";
import { openDatabase } from "./store/open.ts";
import { openStore } from "./store/store.ts";

/** Exit code of a configuration error (EX_CONFIG in sysexits.h). */
const BAD_CONFIGURATION = 78;
/** Exit code after an uncaught error. */
const CRASHED = 1;
/** Share of the heap for request bodies. They can take half again as much as they are charged. */
const BODY_SHARE = 1 / 3;

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const { clientsFile, isProduction, metricsPort } = settings;
  const warnings: Finding[] = [];
  const [clients, policies] = allOrFaults(
    () => (clientsFile === undefined ? undefined : loadClients(clientsFile, isProduction)),
    () => loadPolicies(settings.cardsDirectory, (warning) => warnings.push(warning)),
  );
  const scenarios = settings.hasPlayground ? loadScenarios(settings.cardsDirectory, policies) : undefined;
  const log = await createLog(settings.logLevel);
  for (const warning of warnings) log.warn(writeFinding(warning));
  const store = openStore(openDatabase(settings.databaseUrl), { ...settings, log });
  const metrics = createMetrics();
  collectState(metrics, store);
  const { watchEhr } = metrics;
  let ready = false;

  const app = createApp({
    ...settings,
    policies,
    log,
    mode: clients ? "registered" : "open",
    bodyMemory: getHeapStatistics().heap_size_limit * BODY_SHARE,
    playground: scenarios && { scenarios, fhirServers: settings.fhirServers },
    authenticate: clients
      ? admitRegistered(clients, { log, maxAge: settings.jwtMaxAge, watchEhr })
      : admitAnybody(openClient(settings.fhirServers), { watch: watchEhr("open") }),
    isReady: () => ready,
    store,
    metrics,
  });
  const server = createHttpServer(app);
  const drain = drainable(server);
  const metricsServer = metricsPort === undefined ? undefined : serveMetrics(metrics, metricsPort, settings.host);

  /** Fails readiness, closes connections after their response, and after the delay finishes requests in progress. */
  async function stop(reason: Record<string, unknown>): Promise<void> {
    if (!ready) return;
    ready = false;
    log.info(reason, "shutting down: not ready, finishing requests in progress");
    await drain.announce(settings.drainDelay);
    const cut = await drain.end();
    if (cut > 0) log.warn({ connections: cut }, "requests in progress were cut");
    metricsServer?.close();
    metricsServer?.closeAllConnections();
    await store.close();
    log.info("stopped");
  }
  function crash(error: unknown): void {
    log.fatal(describeCrash(error), "uncaught error: shutting down");
    process.exitCode = CRASHED;
    void stop({ crash: true });
    setTimeout(() => process.exit(), settings.drainDelay + DRAIN_TIMEOUTS.total).unref();
  }
  function cannotListen(port: number | undefined) {
    return ({ code }: NodeJS.ErrnoException) => {
      log.fatal(`cannot listen on ${settings.host}:${port}: ${code}`);
      process.exitCode = BAD_CONFIGURATION;
      for (const each of [server, metricsServer]) each?.close();
      void store.close();
    };
  }

  server.on("error", cannotListen(settings.port));
  metricsServer?.on("error", cannotListen(metricsPort));
  server.listen(settings.port, settings.host, () => {
    ready = true;
    const loaded = policies.map(({ id, revision }) => `${id} ${revision}`);
    log.info({ policies: loaded, discovery: `${settings.baseUrl}/cds-services` }, "listening");
    if (settings.hasPlayground) log.info(`playground: ${settings.baseUrl}/`);
    if (clients) log.info({ clients: clients.map(({ name }) => name) }, "only registered clients may call");
    else log.warn({ fhirServers: settings.fhirServers }, OPEN_MODE);
  });
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void stop({ signal }));
  process.on("uncaughtException", crash).on("unhandledRejection", crash);
}

/** JSON lines, or human-readable on a terminal. */
async function createLog(level: string): Promise<Logger> {
  if (!process.stdout.isTTY) return pino({ level, base: null });
  const { default: pretty } = await import("pino-pretty");
  return pino({ level, base: null }, pretty({ sync: true }));
}

type Fault = SettingsFaults | ClientsFaults | PolicyFaults;

function isFault(error: unknown): error is Fault {
  return error instanceof SettingsFaults || error instanceof ClientsFaults || error instanceof PolicyFaults;
}

/** Both results, or the errors of both. */
function allOrFaults<A, B>(one: () => A, other: () => B): [A, B] {
  const faults: Fault[] = [];
  const attempt = <T>(make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!isFault(error)) throw error;
      faults.push(error);
      return undefined;
    }
  };
  const results = [attempt(one), attempt(other)];
  if (faults.length > 0) throw new SettingsFaults(faults.map(({ message }) => message).join("\n"));
  return results as [A, B];
}

try {
  await start();
} catch (error) {
  if (!isFault(error)) throw error;
  process.stderr.write(`The service cannot start:\n${error.message}\n`);
  process.exitCode = BAD_CONFIGURATION;
}
