// Starts the service: settings, policies, server; ends it when told to. The only file that reads the environment and the
// clock of the process.
import { createServer } from "node:http";
import { pino } from "pino";
import { createApp } from "./app.ts";
import { readSettings, SettingsFaults } from "./config.ts";
import { loadPolicies, PolicyFaults } from "./policy/load.ts";

/** Exit code for a configuration error (EX_CONFIG of sysexits.h). */
const BAD_CONFIGURATION = 78;
/** Milliseconds that calls under way have to end after SIGTERM. */
const DRAIN = 10_000;

function start(): void {
  const settings = readSettings(process.env);
  const policies = loadPolicies(settings.cardsDirectory);
  const log = pino({ level: settings.logLevel, base: null });
  let ready = false;

  const app = createApp({
    ...settings,
    policies,
    log,
    isReady: () => ready,
    // Feedback is in the log only, by card and outcome, until a store keeps it.
    recordFeedback: async () => {},
  });
  const server = createServer(app);

  function stop(signal: string): void {
    if (!ready) return;
    ready = false;
    log.info({ signal }, "ending: no new calls, those under way are finished");
    server.close(() => log.info("ended"));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN).unref();
  }

  server.on("error", (error: NodeJS.ErrnoException) => {
    log.fatal(`cannot listen on ${settings.host}:${settings.port}: ${error.code}`);
    process.exitCode = BAD_CONFIGURATION;
  });
  server.listen(settings.port, settings.host, () => {
    ready = true;
    const loaded = policies.map(({ id, revision }) => `${id} ${revision}`);
    log.info({ policies: loaded, discovery: `${settings.baseUrl}/cds-services` }, "listening");
    if (settings.fhirServers.length === 0) log.info("FHIR_SERVERS is empty: no EHR is called, only prefetch is read");
  });
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

try {
  start();
} catch (error) {
  if (!(error instanceof SettingsFaults || error instanceof PolicyFaults)) throw error;
  process.stderr.write(`The service cannot start:\n${error.message}\n`);
  process.exitCode = BAD_CONFIGURATION;
}
