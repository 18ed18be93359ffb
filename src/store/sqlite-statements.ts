// Runs transactions, statements, and migrations on a SQLite connection.
import type { DatabaseSync } from "node:sqlite";
import { DatabaseFailure, type Migration, pending, type Row, type Statement } from "./database.ts";

export function execute(database: DatabaseSync, statements: readonly Statement[]): Row[][] {
  return statements.map(({ sql, values = [], rows = [values] }) => {
    const prepared = database.prepare(sql.replace(/\$(\d+)/g, "?$1"));
    return rows.flatMap((row) => prepared.all(...row) as Row[]);
  });
}

export function transaction<T>(database: DatabaseSync, work: (database: DatabaseSync) => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work(database);
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // After some failures, such as a full disk, SQLite has already rolled back.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Runs inside a transaction. */
export function applyMigrations(database: DatabaseSync, migrations: readonly Migration[]): void {
  database.exec("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)");
  const row = database.prepare("SELECT COALESCE(MAX(version), 0) AS version FROM schema_versions").get();
  for (const { version, sql } of pending(migrations, Number(row?.version))) {
    database.exec(sql);
    database.prepare("INSERT INTO schema_versions VALUES (?, ?)").run(version, new Date().toISOString());
  }
}

/** SQLite's text for its error code, or the file system's code: no values. */
export function whyOf(error: unknown): string {
  if (error instanceof DatabaseFailure) return error.why;
  const { errstr, code } = Object(error) as { errstr?: unknown; code?: unknown };
  return [errstr, code].find((each) => typeof each === "string") ?? "unknown failure";
}
