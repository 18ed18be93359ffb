// SQLite in a file, for one instance. Threads of their own work on the file, so that a slow disk holds up no card: one writes, and another
// reads beside it, so that a long report holds up no feedback.
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { type Database, DatabaseFailure, type Migration, type Row, type Statement } from "./database.ts";

export type SqliteRequest =
  | { readonly kind: "run"; readonly statements: readonly Statement[]; readonly durable: boolean }
  | { readonly kind: "read"; readonly statements: readonly Statement[] }
  | { readonly kind: "migrate"; readonly migrations: readonly Migration[] };

export type SqliteAnswer = { readonly id: number } & ({ readonly rows: Row[][] } | { readonly why: string });

/** 1 GB in pages of 4 KB: a million cards with their feedback. A file without a limit could fill the disk. */
const MAX_PAGES = 262_144;

/** @param maxPages a limit on the file, in pages of 4 KB */
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
      await writer.close(); // as the last one: SQLite then tidies up
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
  const waiting = new Map<number, { resolve: (rows: Row[][]) => void; reject: (failure: DatabaseFailure) => void }>();
  let last = 0;
  let ended: string | undefined;

  worker.on("message", (answer: SqliteAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("rows" in answer) asked?.resolve(answer.rows);
    else asked?.reject(new DatabaseFailure(answer.why));
  });
  function end(why: string): void {
    ended ??= why;
    for (const { reject } of waiting.values()) reject(new DatabaseFailure(why));
    waiting.clear();
  }
  worker.on("error", () => end("the thread of the database failed")).on("exit", () => end("closed"));

  return {
    async ask(request) {
      if (ended !== undefined) throw new DatabaseFailure(ended);
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
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
