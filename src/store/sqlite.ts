// SQLite in a file, for one instance: the file is worked on by a thread of its own, so that a slow disk holds up no card.
import { Worker } from "node:worker_threads";
import { type Database, DatabaseFailure, type Migration, type Row, type Statement } from "./database.ts";

export type SqliteRequest =
  | { readonly kind: "run"; readonly statements: readonly Statement[]; readonly durable: boolean }
  | { readonly kind: "migrate"; readonly migrations: readonly Migration[] };

export type SqliteAnswer = { readonly id: number } & ({ readonly rows: Row[][] } | { readonly why: string });

/** @param maxPages a limit on the file, in pages of 4 KB */
export function openSqlite(path: string, maxPages: number | undefined): Database {
  const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData: { path, maxPages } });
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

  function ask(request: SqliteRequest): Promise<Row[][]> {
    if (ended !== undefined) return Promise.reject(new DatabaseFailure(ended));
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...request });
    });
  }

  return {
    run: (statements, durable = false) => ask({ kind: "run", statements, durable }),
    migrate: async (migrations) => void (await ask({ kind: "migrate", migrations })),
    close: async () => {
      if (ended !== undefined) return;
      const exited = new Promise((resolve) => worker.once("exit", resolve));
      worker.postMessage("close");
      await exited;
    },
  };
}
