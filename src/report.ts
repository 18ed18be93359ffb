// `npm run report`: what came of the cards, for people and for programs. Runs beside the service, on the same database.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { readSettings, SettingsFaults } from "./config.ts";
import { DatabaseFailure } from "./store/database.ts";
import { openDatabase } from "./store/open.ts";
import { reportOn } from "./store/report.ts";
import { writeCsv, writeTable } from "./store/report-text.ts";
import { sinceOf } from "./store/since.ts";

const USAGE =
  "npm run report -- [--since 30d | 2026-11-01] [--policy <id>] [--client <name>] [--format table|csv|json]";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      since: { type: "string" },
      policy: { type: "string" },
      client: { type: "string" },
      format: { type: "string", default: "table" },
    },
  });
  const { policy, client, format } = values;
  const since = values.since === undefined ? undefined : sinceOf(values.since);
  if (values.since !== undefined && since === undefined) throw new TypeError("--since must be days or a date");
  if (!["table", "csv", "json"].includes(format)) throw new TypeError("--format must be table, csv or json");

  const { databaseUrl } = readSettings({ ALLOW_ANONYMOUS: "true", ...databaseOf(process.env) });
  const file = /^sqlite:([^?]+)/.exec(databaseUrl)?.[1];
  if (file && !existsSync(file))
    throw new TypeError(`there is no database at ${file}: set DATABASE_URL as the service has it`);
  const database = openDatabase(databaseUrl);
  try {
    const query = { since, policy, client };
    const report = await reportOn(database, query);
    if (format === "json") process.stdout.write(`${JSON.stringify({ ...query, ...report }, null, 2)}\n`);
    else
      process.stdout.write(
        format === "csv" ? writeCsv(report) : writeTable(report, query, file ?? new URL(databaseUrl).host),
      );
  } finally {
    await database.close();
  }
}

/** The only setting that counts here. */
function databaseOf({ DATABASE_URL }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return DATABASE_URL === undefined ? {} : { DATABASE_URL };
}

try {
  await main();
} catch (error) {
  const isExpected = error instanceof TypeError || error instanceof DatabaseFailure || error instanceof SettingsFaults;
  if (!isExpected) throw error;
  process.stderr.write(`No report: ${error.message}\n${error instanceof TypeError ? `Usage: ${USAGE}\n` : ""}`);
  process.exitCode = 1;
}
