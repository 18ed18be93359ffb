// Opens the database at a URL, and reads its migrations.
import { readdirSync, readFileSync } from "node:fs";
import type { Database, Migration } from "./database.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

export function loadMigrations(): Migration[] {
  const folder = new URL("./migrations/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return files.sort().map((name, index) => ({ version: index + 1, sql: readFileSync(new URL(name, folder), "utf8") }));
}

/**
 * @param url `sqlite:<path>` (file size limit: `?max_page_count=`) or `postgres://…`
 * @throws Error for any other URL
 */
export function openDatabase(url: string): Database {
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url);
  const sqlite = /^sqlite:([^?]+)(?:\?max_page_count=(\d+))?$/.exec(url);
  if (sqlite?.[1]) return openSqlite(sqlite[1], sqlite[2] === undefined ? undefined : Number(sqlite[2]));
  throw new Error("must be sqlite:<path> or postgres://…");
}
