// The mark of a SQLite file: a random number in its header, renewed whenever the log is copied into the file. A file
// without the current mark is another file or an older copy. A table lists the marks in order, for other instances on
// the same file.
import { readSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** These fit in one page, so that even a full file can take a new one. */
const MAX_MARKS = 100;

/** SQLite's "user version" (Database File Format, 1.3), from the file itself, ignoring the log. */
export function markIn(file: number): number | undefined {
  const bytes = Buffer.alloc(4);
  return readSync(file, bytes, 0, 4, 60) === 4 ? bytes.readInt32BE() : undefined;
}

export function renewMark(database: DatabaseSync, next: number): void {
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS file_marks (number INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
    DELETE FROM file_marks WHERE number <= (SELECT MAX(number) FROM file_marks) - ${MAX_MARKS - 1};
    INSERT INTO file_marks (mark) VALUES (${next});
    PRAGMA user_version = ${next};
    COMMIT`);
}

/** SQLITE_ERROR (there is no such table), SQLITE_CORRUPT, SQLITE_NOTADB. */
const NOT_OURS: readonly unknown[] = [1, 11, 26];

/** Whether another instance on the same file has renewed the mark. */
export function isNewer(database: DatabaseSync, found: number, mark: number): boolean {
  const sql = "SELECT 1 FROM file_marks WHERE mark = ? AND number > (SELECT number FROM file_marks WHERE mark = ?)";
  try {
    return database.prepare(sql).get(found, mark) !== undefined;
  } catch (error) {
    if (NOT_OURS.includes(Number(Object(error).errcode) & 0xff)) return false;
    throw error;
  }
}

/** Changes with every write to the file at the path; undefined if there is none. */
export function versionOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
