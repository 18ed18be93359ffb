// The SQLite file and its connection. SQLite does not notice when another program overwrites the file: it keeps writing
// to its log (WAL), and later copies the log into whatever file is there. So each transaction checks a mark in the
// file, before and after.
import { randomInt } from "node:crypto";
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DatabaseFailure } from "./database.ts";
import { isNewer, markIn, renewMark } from "./sqlite-mark.ts";
import { transaction } from "./sqlite-statements.ts";

export type SqliteFile = {
  /**
   * Runs the work in one transaction.
   * @param durable survives a power failure once this returns
   * @throws DatabaseFailure if the file is no longer ours, before or after: the write is lost
   */
  transact<T>(durable: boolean, work: (database: DatabaseSync) => T): T;
  /** Why the file at the path is no longer the connection's file; undefined while it is. */
  lost(): string | undefined;
  /** Once the log is long, copies it into the file and renews the mark. */
  checkpoint(): void;
  /** Leaves a file that is not ours unchanged. */
  close(): void;
};

export type SqliteFileOptions = {
  /** File size limit, in 4 KB pages. */
  readonly maxPages: number;
  /** Log size that triggers the copy, in bytes. */
  readonly maxLog?: number;
  /** The previous file at this path was lost: a log still there does not belong to this one. */
  readonly discardLog?: boolean;
};

/** Milliseconds to wait for another writer. */
export const BUSY_TIMEOUT = 5_000;
const MAX_LOG = 4_000_000; // SQLite's own default: 1,000 pages
const GONE = "the file was moved or replaced";
const OVERWRITTEN = "the file was overwritten";

/** @throws Error of SQLite or of the file system */
export function openSqliteFile(path: string, options: SqliteFileOptions): SqliteFile {
  const { maxPages, maxLog = MAX_LOG, discardLog = false } = options;
  create(path);
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  try {
    // Fails while another connection is open, which would use the old log.
    if (discardLog)
      database.exec(`PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0");
    database.exec(`PRAGMA max_page_count = ${maxPages}`);
  } catch (error) {
    database.close();
    throw error;
  }
  const [file, log] = [openSync(path, "r"), openSync(`${path}-wal`, "r+")];
  const { ino } = fstatSync(file);
  /** The mark in the file, and the file's size at that time. */
  let known: { readonly mark: number; readonly size: number } | undefined;
  let nextCheckpoint = 0; // bytes of the log

  function lost(): string | undefined {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.ino !== ino) return GONE;
    if (known === undefined) return undefined;
    const mark = markIn(file);
    const isOurs = mark === known.mark || (mark !== undefined && isNewer(database, mark, known.mark));
    if (!isOurs || now.size < known.size) return OVERWRITTEN;
    known = { mark, size: now.size };
    return undefined;
  }

  function assertOurs(): void {
    const why = lost();
    if (why !== undefined) throw new DatabaseFailure(why);
  }

  return {
    transact(durable, work) {
      assertOurs();
      // FULL: a commit is on disk when it returns. NORMAL: a power failure may lose the last commits, but not corrupt.
      database.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
      const result = transaction(database, work);
      assertOurs();
      return result;
    },
    lost,
    checkpoint() {
      const { size } = fstatSync(log);
      if (size < nextCheckpoint) return;
      const next = randomInt(1, 2 ** 31);
      try {
        renewMark(database, next);
      } finally {
        database.exec("PRAGMA wal_checkpoint(PASSIVE)"); // does not wait for readers
      }
      const isWhole = markIn(file) === next; // false while a reader still uses an older state
      if (isWhole) known = { mark: next, size: fstatSync(file).size };
      if (known !== undefined) nextCheckpoint = isWhole ? maxLog : size + maxLog;
    },
    close() {
      const why = lost();
      if (why === GONE) database.exec("PRAGMA wal_checkpoint(PASSIVE)"); // into the moved file
      // A remaining log would be copied into whatever file is at the path: on close, or when it is next opened.
      if (why !== undefined) ftruncateSync(log);
      database.close();
      for (const each of [file, log]) closeSync(each);
    },
  };
}

function create(path: string): void {
  if (existsSync(path)) return;
  // One level only: Node's recursive mkdir hangs in places such as /proc.
  if (!existsSync(dirname(path))) mkdirSync(dirname(path));
  closeSync(openSync(path, "a", 0o600)); // owner only: comments may be stored
}
