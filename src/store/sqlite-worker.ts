// The thread that works on the SQLite file. Each request is one transaction; the file is opened when first needed, and tried
// again after a failure.
import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { DatabaseFailure, type Migration, pending, type Row, type Statement } from "./database.ts";
import type { SqliteAnswer, SqliteRequest } from "./sqlite.ts";

const { path, maxPages } = workerData as { path: string; maxPages: number | undefined };
const BUSY = 5_000; // milliseconds to wait for another process that writes

let opened: { readonly database: DatabaseSync; readonly file: number | undefined } | undefined;

/** Which file stands at the path; undefined where none does. */
function fileAtPath(): number | undefined {
  return path === ":memory:" ? undefined : statSync(path, { throwIfNoEntry: false })?.ino;
}

/** @throws DatabaseFailure where the file was taken away or replaced: what is written to it would be gone with the process */
function open(): DatabaseSync {
  if (opened && opened.file !== fileAtPath()) {
    opened.database.close();
    opened = undefined;
    throw new DatabaseFailure("the file is gone or another");
  }
  if (opened) return opened.database;
  if (path !== ":memory:") {
    // Its parent has to be there: Node's recursive mkdir never ends in places such as /proc.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path));
    closeSync(openSync(path, "a", 0o600)); // comments may be kept: for nobody else to read
  }
  const database = new DatabaseSync(path, { timeout: BUSY });
  database.exec("PRAGMA journal_mode = WAL");
  if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
  opened = { database, file: fileAtPath() };
  return database;
}

function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some failures, such as a full disk.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function run(statements: readonly Statement[], durable: boolean): Row[][] {
  const database = open();
  // FULL: a commit is on the disk when it returns. NORMAL: the file stays whole, but a power cut may take the last commits.
  database.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
  return transaction(database, () =>
    statements.map(({ sql, values = [], rows = [values] }) => {
      const prepared = database.prepare(sql.replace(/\$(\d+)/g, "?$1"));
      return rows.flatMap((row) => prepared.all(...row) as Row[]);
    }),
  );
}

function migrate(migrations: readonly Migration[]): void {
  const database = open();
  database.exec("PRAGMA synchronous = FULL");
  transaction(database, () => {
    database.exec("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)");
    const row = database.prepare("SELECT COALESCE(MAX(version), 0) AS version FROM schema_versions").get();
    for (const { version, sql } of pending(migrations, Number(row?.version))) {
      database.exec(sql);
      database.prepare("INSERT INTO schema_versions VALUES (?, ?)").run(version, new Date().toISOString());
    }
  });
}

function answer(request: SqliteRequest): Row[][] {
  if (request.kind === "run") return run(request.statements, request.durable);
  migrate(request.migrations);
  return [];
}

/** SQLite's own text for its error code, or the code of the file system: no values. */
function whyOf(error: unknown): string {
  if (error instanceof DatabaseFailure) return error.why;
  const { errstr, code } = Object(error) as { errstr?: unknown; code?: unknown };
  return [errstr, code].find((each) => typeof each === "string") ?? "unknown failure";
}

parentPort?.on("message", (request: "close" | ({ id: number } & SqliteRequest)) => {
  if (request === "close") {
    opened?.database.close();
    parentPort?.close();
    return;
  }
  let message: SqliteAnswer;
  try {
    message = { id: request.id, rows: answer(request) };
  } catch (error) {
    message = { id: request.id, why: whyOf(error) };
  }
  parentPort?.postMessage(message);
});
