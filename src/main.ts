// Starts the service: settings, clients, policies, server; ends it when told to. The only file that reads the environment and
// the clock of the process.
import { pino } from "pino";
import { createApp, OPEN_MODE } from "./app.ts";
import { admitAnybody, admitRegistered } from "./clients/authenticate.ts";
import { openClient } from "./clients/client.ts";
import { ClientsFaults, loadClients } from "./clients/clients-file.ts";
import { readSettings, SettingsFaults } from "./config.ts";
import { loadScenarios } from "./playground/scenarios.ts";
import { loadPolicies, PolicyFaults } from "./policy/load.ts";
import { createHttpServer } from "./server.ts";
import { openDatabase } from "./store/open.ts";
import { openStore } from "./store/store.ts";

/** Exit code for a configuration error (EX_CONFIG of sysexits.h). */
const BAD_CONFIGURATION = 78;
/** Milliseconds that calls under way have to end after SIGTERM. */
const DRAIN = 10_000;

function start(): void {
  const settings = readSettings(process.env);
  const { clientsFile, isProduction } = settings;
  const [clients, policies] = allOrFaults(
    () => (clientsFile === undefined ? undefined : loadClients(clientsFile, isProduction)),
    () => loadPolicies(settings.cardsDirectory),
  );
  const log = pino({ level: settings.logLevel, base: null });
  const store = openStore(openDatabase(settings.databaseUrl), { ...settings, log });
  let ready = false;

  const app = createApp({
    ...settings,
    policies,
    log,
    mode: clients ? "registered" : "open",
    playground: settings.hasPlayground
      ? { scenarios: loadScenarios(settings.cardsDirectory, policies), fhirServers: settings.fhirServers }
      : undefined,
    authenticate: clients
      ? admitRegistered(clients, { log, maxAge: settings.jwtMaxAge })
      : admitAnybody(openClient(settings.fhirServers)),
    isReady: () => ready,
    store,
  });
  const server = createHttpServer(app);

  function stop(signal: string): void {
    if (!ready) return;
    ready = false;
    log.info({ signal }, "ending: no new calls, those under way are finished");
    server.close(() => {
      log.info("all calls are answered");
      void store.close().then(() => log.info("ended"));
    });
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN).unref();
  }

  server.on("error", (error: NodeJS.ErrnoException) => {
    log.fatal(`cannot listen on ${settings.host}:${settings.port}: ${error.code}`);
    process.exitCode = BAD_CONFIGURATION;
    void store.close();
  });
  server.listen(settings.port, settings.host, () => {
    ready = true;
    const loaded = policies.map(({ id, revision }) => `${id} ${revision}`);
    log.info({ policies: loaded, discovery: `${settings.baseUrl}/cds-services` }, "listening");
    if (settings.hasPlayground) log.info(`the playground is at ${settings.baseUrl}/`);
    if (clients) log.info({ clients: clients.map(({ name }) => name) }, "only registered clients may call");
    else log.warn({ fhirServers: settings.fhirServers }, OPEN_MODE);
  });
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

type Fault = SettingsFaults | ClientsFaults | PolicyFaults;

function isFault(error: unknown): error is Fault {
  return error instanceof SettingsFaults || error instanceof ClientsFaults || error instanceof PolicyFaults;
}

/** Both results, or the faults of both. */
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
  start();
} catch (error) {
  if (!isFault(error)) throw error;
  process.stderr.write(`The service cannot start:\n${error.message}\n`);
  process.exitCode = BAD_CONFIGURATION;
}
