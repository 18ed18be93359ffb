// The SQLite file, and what another program does to it while it is open: with real files, and SQLite's own backup.
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { openSqliteFile, type SqliteFile } from "../../src/store/sqlite-file.ts";

let folder: string;
let path: string;
let file: SqliteFile;
let isOpen: boolean;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cds-file-"));
  path = join(folder, "cds.db");
  file = open();
  file.transact(true, (database) => database.exec("CREATE TABLE notes (note TEXT)"));
});
afterEach(() => {
  if (isOpen) close();
  rmSync(folder, { recursive: true });
});

/** @param maxLog 0: the log is copied after every write */
function open(maxLog = 0, discardLog = false): SqliteFile {
  const opened = openSqliteFile(path, { maxPages: 10_000, maxLog, discardLog });
  opened.checkpoint();
  isOpen = true;
  return opened;
}
function close(): void {
  isOpen = false;
  file.close();
}
function write({ transact }: SqliteFile, note: string, meanwhile = () => {}): void {
  transact(true, (database) => {
    database.prepare("INSERT INTO notes VALUES (?)").run(note);
    meanwhile();
  });
}
const notesOf = ({ transact }: SqliteFile) => transact(false, notesIn);
const notesIn = (database: DatabaseSync) =>
  database
    .prepare("SELECT note FROM notes")
    .all()
    .map(({ note }) => note);
/** Another database of the same tables. */
function makeAnother(at: string): void {
  const other = new DatabaseSync(at);
  other.exec("PRAGMA journal_mode = WAL; CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('of another')");
  other.close();
}
async function copyWhileOpen(to: string): Promise<void> {
  const reader = new DatabaseSync(path, { readOnly: true });
  await backup(reader, to);
  reader.close();
}

test("is ours: written by us, copied into by another connection, touched", () => {
  write(file, "one");
  expect(file.lost()).toBeUndefined();
  const other = new DatabaseSync(path);
  other.exec("INSERT INTO notes VALUES ('two'); PRAGMA wal_checkpoint(TRUNCATE)");
  expect(file.lost()).toBeUndefined();
  other.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
  other.close();
  utimesSync(path, 1, 1);
  expect(file.lost()).toBeUndefined();
  expect(notesOf(file)).toEqual(["one", "two"]);
});

test("is ours beside another instance that marks it as often as it likes", () => {
  const other = open();
  for (let round = 0; round < 20; round += 1) {
    write(other, String(round));
    other.checkpoint();
    expect(file.lost()).toBeUndefined();
    write(file, String(round));
  }
  file.checkpoint();
  expect(other.lost()).toBeUndefined();
  expect(notesOf(file)).toHaveLength(40);
  other.close();
});

const ways: [string, (at: string) => void][] = [
  [
    "another database",
    (at) => {
      makeAnother(`${at}.other`);
      copyFileSync(`${at}.other`, at);
    },
  ],
  ["nothing", (at) => truncateSync(at)],
  ["half of it", (at) => truncateSync(at, 4096)],
  ["what is no database", (at) => writeFileSync(at, "x".repeat(20_000))],
];

test.each(ways)("overwritten with %s: it is noticed, and left as it is", (_name, overwrite) => {
  write(file, "in the file");
  file.checkpoint();
  write(file, "in the log");
  overwrite(path);
  const now = readFileSync(path);
  expect(file.lost()).toBe("the file was overwritten");
  close();
  expect(readFileSync(path)).toEqual(now);
});

test("overwritten during a transaction, which then has not succeeded, and the next one neither", () => {
  const overwrite = () => truncateSync(path);
  expect(() => write(file, "lost", overwrite)).toThrow(expect.objectContaining({ why: "the file was overwritten" }));
  expect(() => write(file, "lost")).toThrow(expect.objectContaining({ why: "the file was overwritten" }));
});

test("overwritten, and the log beside it removed: it is left as it is", () => {
  write(file, "in the log");
  makeAnother(`${path}.other`);
  copyFileSync(`${path}.other`, path);
  for (const beside of ["-wal", "-shm"]) rmSync(path + beside);
  const now = readFileSync(path);
  close();
  expect(readFileSync(path)).toEqual(now);
});

test("after that it is the other database, without what stood in the log", () => {
  write(file, "in the log");
  makeAnother(`${path}.other`);
  copyFileSync(`${path}.other`, path);
  close();
  file = open(0, true);
  expect(notesOf(file)).toEqual(["of another"]);
  write(file, "new");
  expect(file.lost()).toBeUndefined();
});

test("it is not opened again while somebody still reads it by the old log", () => {
  file.checkpoint();
  write(file, "in the log");
  const reader = new DatabaseSync(path, { readOnly: true });
  expect(notesIn(reader)).toEqual(["in the log"]);
  makeAnother(`${path}.other`);
  copyFileSync(`${path}.other`, path);
  close();
  expect(() => open(0, true)).toThrow();
  reader.close();
  file = open(0, true);
  expect(notesOf(file)).toEqual(["of another"]);
});

test("overwritten with an older copy of itself", async () => {
  write(file, "before the copy");
  const copy = join(folder, "copy.db");
  await copyWhileOpen(copy);
  write(file, "after the copy");
  file.checkpoint();
  copyFileSync(copy, path);
  expect(file.lost()).toBe("the file was overwritten");
});

test("overwritten with a copy of itself since which the log has not been copied: nothing is lost", async () => {
  write(file, "before the copy");
  const copy = join(folder, "copy.db");
  await copyWhileOpen(copy);
  write(file, "after the copy");
  copyFileSync(copy, path);
  expect(file.lost()).toBeUndefined();
  file.checkpoint();
  close();
  file = open();
  expect(notesOf(file)).toEqual(["before the copy", "after the copy"]);
});

test("moved away: it has all that was written to it, and what is put in its place is left alone", () => {
  write(file, "in the log");
  renameSync(path, `${path}.moved`);
  makeAnother(`${path}.other`);
  renameSync(`${path}.other`, path);
  expect(file.lost()).toBe("the file was moved or replaced");
  close();
  const moved = new DatabaseSync(`${path}.moved`);
  expect(notesIn(moved)).toEqual(["in the log"]);
  moved.close();
  file = open(0, true);
  expect(notesOf(file)).toEqual(["of another"]);
});

test("the log is copied when it is long, and begins again", () => {
  close();
  file = open(100_000);
  for (let round = 0; round < 20; round += 1) {
    write(file, "x".repeat(50_000));
    file.checkpoint();
  }
  expect(statSync(path).size).toBeGreaterThan(800_000);
  expect(statSync(`${path}-wal`).size).toBeLessThan(300_000);
});

test("a reader holds up neither writing nor, once it is gone, the copying of the log", () => {
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec("BEGIN");
  expect(notesIn(reader)).toEqual([]);
  for (let round = 0; round < 5; round += 1) {
    write(file, "x");
    file.checkpoint();
    expect(file.lost()).toBeUndefined();
  }
  expect(notesIn(reader)).toEqual([]);
  reader.close();
  file.checkpoint();
  const main = readFileSync(path);
  truncateSync(`${path}-wal`);
  copyFileSync(path, `${path}.alone`);
  const alone = new DatabaseSync(`${path}.alone`);
  expect(notesIn(alone)).toHaveLength(5);
  alone.close();
  expect(readFileSync(path)).toEqual(main);
});
