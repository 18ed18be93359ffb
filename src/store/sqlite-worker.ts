// The thread that accesses the SQLite file. Each request is one transaction. Opens the file on first use, and again
// after it was lost or failed to open.
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { DatabaseFailure, type Migration, type Row, type Statement } from "./database.ts";
import type { SqliteAnswer, SqliteRequest } from "./sqlite.ts";
import { BUSY_TIMEOUT, openSqliteFile, type SqliteFile } from "./sqlite-file.ts";
import { versionOf } from "./sqlite-mark.ts";
import { applyMigrations, execute, whyOf } from "./sqlite-statements.ts";

const { path, maxPages } = workerData as { path: string; maxPages: number };

let opened: SqliteFile | undefined;
/** What was at the path when the file was lost. */
let lostTo: { readonly version: string | undefined } | undefined;
/** Undefined in a thread that only reads and writes. */
let migrations: readonly Migration[] | undefined;

function open(): SqliteFile {
  const version = versionOf(path);
  if (lostTo && lostTo.version !== version) {
    lostTo = { version };
    throw new DatabaseFailure("the file is being replaced"); // opened once it stops changing
  }
  const file = openSqliteFile(path, { maxPages, discardLog: lostTo !== undefined });
  try {
    migrate(file);
  } catch (error) {
    file.close();
    throw error;
  }
  opened = file;
  lostTo = undefined;
  return file;
}

function migrate(file: SqliteFile): void {
  const known = migrations;
  if (known) file.transact(true, (database) => applyMigrations(database, known));
}

/** Works on the migrated file. A lost file is closed here, and opened again by the next request. */
function inFile<T>(work: (file: SqliteFile) => T): T {
  const file = opened ?? open();
  try {
    return work(file);
  } catch (error) {
    if (file.lost() !== undefined) {
      lostTo = { version: versionOf(path) };
      opened = undefined;
      file.close();
    }
    throw error;
  }
}

/** On its own connection and snapshot: neither blocks writers nor sees their changes. */
function read(statements: readonly Statement[]): Row[][] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT });
  try {
    database.exec("BEGIN");
    return execute(database, statements);
  } finally {
    database.close();
  }
}

function answer(request: SqliteRequest): Row[][] {
  switch (request.kind) {
    case "run": {
      const { statements, durable } = request;
      return inFile((file) => file.transact(durable, (database) => execute(database, statements)));
    }
    case "read":
      return read(request.statements);
    case "migrate":
      ({ migrations } = request);
      inFile(migrate);
      return [];
  }
}

parentPort?.on("message", (request: "close" | ({ id: number } & SqliteRequest)) => {
  if (request === "close") {
    opened?.close();
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
  try {
    opened?.checkpoint();
  } catch {
    // The next request will hit the same problem, and report it.
  }
});
