// The service as it runs: open mode or registered clients, log to a file, decision log in SQLite, or where DATABASE_URL says.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createApp } from "../../src/app.ts";
import { admitAnybody, admitRegistered } from "../../src/clients/authenticate.ts";
import { openClient } from "../../src/clients/client.ts";
import { loadClients } from "../../src/clients/clients-file.ts";
import { collectState, createMetrics } from "../../src/http/metrics.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { openDatabase } from "../../src/store/open.ts";
import { openStore } from "../../src/store/store.ts";
import { serveForParent } from "./child.ts";

const folder = mkdtempSync(join(tmpdir(), "bench-"));
const log = pino({ base: null }, pino.destination(join(folder, "log")));
const database = openDatabase(process.env.DATABASE_URL ?? `sqlite:${join(folder, "cds.db")}`);
const store = openStore(database, { log, retention: 400, keepComments: false });
const metrics = createMetrics();
collectState(metrics, store);
const clients = process.env.CLIENTS_FILE ? loadClients(process.env.CLIENTS_FILE, false) : undefined;
const app = createApp({
  policies: loadPolicies("cards"),
  baseUrl: "http://127.0.0.1:3000",
  exceptionCard: false,
  callDeadline: 2_500,
  log,
  store,
  metrics,
  mode: clients ? "registered" : "open",
  authenticate: clients ? admitRegistered(clients, { log, maxAge: 900 }) : admitAnybody(openClient([])),
  rateLimit: 0,
  isReady: () => true,
  bodyLimit: 8 * 1024 * 1024,
  bodyMemory: 1024 * 1024 * 1024,
  host: "127.0.0.1",
  corsOrigins: ["*"],
  trustProxy: 0,
  operator: "bench",
  playground: undefined,
});
serveForParent(createHttpServer(app));
