// SQLite in a file, for one instance. Worker threads do the file access, so that a slow disk delays no card: one
// writes, another reads, so that a long report delays no feedback.
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { type Database, DatabaseFailure, type Migration, type Row, type Statement } from "./database.ts";

export type SqliteRequest =
  | { readonly kind: "run"; readonly statements: readonly Statement[]; readonly durable: boolean }
  | { readonly kind: "read"; readonly statements: readonly Statement[] }
  | { readonly kind: "migrate"; readonly migrations: readonly Migration[] };

export type SqliteAnswer = { readonly id: number } & ({ readonly rows: Row[][] } | { readonly why: string });

/** 1 GB in 4 KB pages: a million cards with feedback. Without a limit the file could fill the disk. */
const MAX_PAGES = 262_144;

/** @param maxPages file size limit, in 4 KB pages */
export function openSqlite(path: string, maxPages = MAX_PAGES): Database {
  const workerData = { path: resolve(path), maxPages };
  const writer = startOnDemand(workerData);
  const reader = startOnDemand(workerData);
  return {
    run: (statements, durable = false) => writer.ask({ kind: "run", statements, durable }),
    read: (statements) => reader.ask({ kind: "read", statements }),
    migrate: async (migrations) => void (await writer.ask({ kind: "migrate", migrations })),
    close: async () => {
      await reader.close();
      await writer.close(); // last: the last connection to close makes SQLite clean up
    },
  };
}

type Thread = { ask(request: SqliteRequest): Promise<Row[][]>; close(): Promise<void> };

function startOnDemand(workerData: object): Thread {
  let thread: Thread | undefined;
  let isClosed = false;
  return {
    async ask(request) {
      if (isClosed) throw new DatabaseFailure("closed");
      thread ??= startThread(workerData);
      return thread.ask(request);
    },
    async close() {
      isClosed = true;
      await thread?.close();
    },
  };
}

function startThread(workerData: object): Thread {
  const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData });
  const pending = new Map<number, { resolve: (rows: Row[][]) => void; reject: (failure: DatabaseFailure) => void }>();
  let last = 0;
  let ended: string | undefined;

  worker.on("message", (answer: SqliteAnswer) => {
    const request = pending.get(answer.id);
    pending.delete(answer.id);
    if ("rows" in answer) request?.resolve(answer.rows);
    else request?.reject(new DatabaseFailure(answer.why));
  });
  function end(why: string): void {
    ended ??= why;
    for (const { reject } of pending.values()) reject(new DatabaseFailure(why));
    pending.clear();
  }
  worker.on("error", () => end("the database thread failed")).on("exit", () => end("closed"));

  return {
    async ask(request) {
      if (ended !== undefined) throw new DatabaseFailure(ended);
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        worker.postMessage({ id, ...request });
      });
    },
    async close() {
      if (ended !== undefined) return;
      const exited = new Promise((resolve) => worker.once("exit", resolve));
      worker.postMessage("close");
      await exited;
    },
  };
}
