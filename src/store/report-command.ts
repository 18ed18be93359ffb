// `npm run report`: card outcomes, for people and programs. Can run alongside the service, on the same database.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { readSettings, SettingsFaults } from "../config.ts";
import { DatabaseFailure } from "./database.ts";
import { openDatabase } from "./open.ts";
import { reportOn } from "./report.ts";
import { writeCsv, writeTable } from "./report-text.ts";
import { sinceOf } from "./since.ts";
import type { Streams } from "./streams.ts";

const USAGE =
  "npm run report -- [--since 30d | 2026-11-01] [--policy <id>] [--client <name>] [--format table|csv|json]";

/** @returns the exit code: 1 if there is no report */
export async function runReport(args: readonly string[], env: NodeJS.ProcessEnv, streams: Streams): Promise<number> {
  try {
    streams.stdout.write(await writeReport(args, env));
    return 0;
  } catch (error) {
    const isExpected =
      error instanceof TypeError || error instanceof DatabaseFailure || error instanceof SettingsFaults;
    if (!isExpected) throw error;
    const usage = error instanceof TypeError ? `Usage: ${USAGE}\n` : "";
    const why = error instanceof DatabaseFailure ? error.why : error.message;
    streams.stderr.write(`No report: ${why}\n${usage}`);
    return 1;
  }
}

async function writeReport(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      since: { type: "string" },
      policy: { type: "string" },
      client: { type: "string" },
      format: { type: "string", default: "table" },
    },
  });
  const { policy, client, format } = values;
  const since = values.since === undefined ? undefined : sinceOf(values.since);
  if (values.since !== undefined && since === undefined) throw new TypeError("--since must be days (30d) or a date");
  if (!["table", "csv", "json"].includes(format)) throw new TypeError("--format must be table, csv, or json");

  const { databaseUrl } = readSettings({ ALLOW_ANONYMOUS: "true", ...databaseOf(env) });
  const file = /^sqlite:([^?]+)/.exec(databaseUrl)?.[1];
  if (file && !existsSync(file))
    throw new TypeError(`there is no database at ${file}: set DATABASE_URL to the service's value`);
  const database = openDatabase(databaseUrl);
  try {
    const query = { since, policy, client };
    const report = await reportOn(database, query);
    if (format === "json") return `${JSON.stringify({ ...query, ...report }, null, 2)}\n`;
    return format === "csv" ? writeCsv(report) : writeTable(report, query, file ?? new URL(databaseUrl).host);
  } finally {
    await database.close();
  }
}

/** The only setting used here. */
function databaseOf({ DATABASE_URL }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return DATABASE_URL === undefined ? {} : { DATABASE_URL };
}
