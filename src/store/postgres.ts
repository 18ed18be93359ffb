// PostgreSQL, for several instances that share one store. Failures keep only PostgreSQL's code: messages may quote
// values.
import pg from "pg";
import { type Database, DatabaseFailure, pending, type Row, type Statement } from "./database.ts";

/** Advisory lock for migrations. Any number, as long as all instances use the same. */
const MIGRATION_LOCK = 4_703_182;
const POOL = {
  max: 10,
  connectionTimeoutMillis: 2_000,
  idleTimeoutMillis: 30_000,
  query_timeout: 10_000,
  statement_timeout: 10_000,
  keepAlive: true,
};

export function openPostgres(url: string): Database {
  const pool = new pg.Pool({ ...POOL, connectionString: url });
  // A broken connection shows in the query that it breaks, and is replaced on next use.
  pool
    .on("error", () => {})
    .on("connect", (client) => {
      client.on("error", () => {});
      client.query("SET synchronous_commit = on").catch(() => {}); // whatever the server's default
    });

  async function connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    try {
      client = await pool.connect();
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      // The connection may be in any state, so it is discarded: the server rolls back.
      client?.release(true);
      throw error instanceof DatabaseFailure ? error : new DatabaseFailure(codeOf(error));
    }
  }
  /** @param settings statements without values, sent with BEGIN in one round trip */
  function transaction<T>(work: (client: pg.PoolClient) => Promise<T>, settings = ""): Promise<T> {
    return connected(async (client) => {
      await client.query(`BEGIN; ${settings}`);
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    });
  }
  async function runAll(client: pg.PoolClient, statements: readonly Statement[]): Promise<Row[][]> {
    const rows = [];
    for (const statement of statements) {
      const { sql, values = [] } = inOneStatement(statement);
      rows.push((await client.query(sql, [...values])).rows);
    }
    return rows;
  }

  return {
    run(statements, durable = false) {
      // A single statement is its own transaction, in a third of the round trips.
      if (durable && statements.length === 1) return connected((client) => runAll(client, statements));
      return transaction((client) => runAll(client, statements), durable ? "" : "SET LOCAL synchronous_commit = off");
    },
    read: (statements) =>
      transaction((client) => runAll(client, statements), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"),
    migrate: (migrations) =>
      transaction(async (client) => {
        await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
        await client.query(
          "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)",
        );
        const { rows } = await client.query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_versions");
        for (const { version, sql } of pending(migrations, Number(rows[0].version))) {
          await client.query(sql);
          await client.query("INSERT INTO schema_versions VALUES ($1, $2)", [version, new Date().toISOString()]);
        }
      }),
    close: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

/** All rows in one statement, since each statement takes a network round trip. */
function inOneStatement(statement: Statement): Statement {
  const { sql, rows } = statement;
  if (!rows) return statement;
  const width = rows[0]?.length ?? 0;
  const places = rows.map((row, index) => `(${row.map((_value, at) => `$${index * width + at + 1}`).join(", ")})`);
  return { sql: sql.replace(/VALUES \(.*?\)/s, () => `VALUES ${places.join(", ")}`), values: rows.flat() };
}

function codeOf(error: unknown): string {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  if (typeof code === "string") return code;
  return /timeout/i.test(String(message)) ? "timeout" : "connection lost";
}
