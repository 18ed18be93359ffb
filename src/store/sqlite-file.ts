// The SQLite file under its connection. SQLite does not notice when another program writes over the file: it goes on in its log (WAL), and
// later copies the log into whatever stands there. So the mark in the file is looked at around each transaction.
import { randomInt } from "node:crypto";
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DatabaseFailure } from "./database.ts";
import { isNewer, markIn, renewMark } from "./sqlite-mark.ts";
import { transaction } from "./sqlite-statements.ts";

export type SqliteFile = {
  /**
   * Carries out the work in one transaction.
   * @param durable whether it must outlast a power cut once this returns
   * @throws DatabaseFailure where the file is no longer ours, before or after: what was written is gone
   */
  transact<T>(durable: boolean, work: (database: DatabaseSync) => T): T;
  /** Why the file at the path is no longer the one that the connection writes to; undefined while it is. */
  lost(): string | undefined;
  /** Copies the log into the file once the log is long, and renews the mark. */
  checkpoint(): void;
  /** A file that is not ours stays as it is. */
  close(): void;
};

export type SqliteFileOptions = {
  /** A limit on the file, in pages of 4 KB. */
  readonly maxPages: number;
  /** Bytes of the log from which on it is copied. */
  readonly maxLog?: number;
  /** The last file at this path was lost: a log that still stands there is not of this one. */
  readonly discardLog?: boolean;
};

/** Milliseconds to wait for another program that writes. */
export const BUSY = 5_000;
const MAX_LOG = 4_000_000; // SQLite's own default: 1,000 pages
const GONE = "the file is gone or another";
const OVERWRITTEN = "the file was overwritten";

/** @throws Error of SQLite or of the file system */
export function openSqliteFile(path: string, options: SqliteFileOptions): SqliteFile {
  const { maxPages, maxLog = MAX_LOG, discardLog = false } = options;
  create(path);
  const database = new DatabaseSync(path, { timeout: BUSY });
  try {
    // Fails while another connection is open, which would go by the old log.
    if (discardLog)
      database.exec(`PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = ${BUSY}`);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0");
    database.exec(`PRAGMA max_page_count = ${maxPages}`);
  } catch (error) {
    database.close();
    throw error;
  }
  const [file, log] = [openSync(path, "r"), openSync(`${path}-wal`, "r+")];
  const { ino } = fstatSync(file);
  /** The mark in the file, and how large the file was with it. */
  let known: { readonly mark: number; readonly size: number } | undefined;
  let due = 0; // bytes of the log

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

  function demandOurs(): void {
    const why = lost();
    if (why !== undefined) throw new DatabaseFailure(why);
  }

  return {
    transact(durable, work) {
      demandOurs();
      // FULL: a commit is on the disk when it returns. NORMAL: the file stays whole, but a power cut may take the last commits.
      database.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
      const result = transaction(database, work);
      demandOurs();
      return result;
    },
    lost,
    checkpoint() {
      const { size } = fstatSync(log);
      if (size < due) return;
      const next = randomInt(1, 2 ** 31);
      try {
        renewMark(database, next);
      } finally {
        database.exec("PRAGMA wal_checkpoint(PASSIVE)"); // waits for nobody
      }
      const isWhole = markIn(file) === next; // not while somebody reads what is older
      if (isWhole) known = { mark: next, size: fstatSync(file).size };
      if (known !== undefined) due = isWhole ? maxLog : size + maxLog;
    },
    close() {
      const why = lost();
      if (why === GONE) database.exec("PRAGMA wal_checkpoint(PASSIVE)"); // into the file that was moved away
      // A log that stays is copied into whatever stands at the path: by SQLite as it closes, or when it is next opened.
      if (why !== undefined) ftruncateSync(log);
      database.close();
      for (const each of [file, log]) closeSync(each);
    },
  };
}

function create(path: string): void {
  if (existsSync(path)) return;
  // Its parent has to be there: Node's recursive mkdir never ends in places such as /proc.
  if (!existsSync(dirname(path))) mkdirSync(dirname(path));
  closeSync(openSync(path, "a", 0o600)); // comments may be kept: for nobody else to read
}
