// Feedback of one card a call, each on the disk before it is answered, beside the same INSERT in transactions of its own from a process that
// does nothing else, over as many connections to the same PostgreSQL: `node bench/feedback.ts`. (pgbench, which this stands for, is in no
// package; it would send the same statements.)
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { databases } from "../test/support/databases.ts";
import type { Load, Sent } from "./load-generator.ts";

/** As many as the service's pool has. */
const CONNECTIONS = 10;
const ROWS = 3_000;

const INSERT = `INSERT INTO feedback (client, card, outcome, outcome_at, suggestions, received_at)
  VALUES ($1, $2, 'accepted', $3, $4, $3)`;

/** Rows a second: of the service, and of the peer. Medians of the rounds, which alternate. */
export async function compareFeedback(rounds: number): Promise<{ service: number; peer: number }> {
  const postgres = await databases.postgres();
  try {
    const url = await postgres.create();
    const service = fork(new URL("./servers/service.ts", import.meta.url), {
      env: { ...process.env, DATABASE_URL: url },
    });
    const [{ port }] = (await once(service, "message")) as [{ port: number }];
    const generator = fork(new URL("./load-generator.ts", import.meta.url));
    const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
    while (!(await fetch(`http://127.0.0.1:${port}/insights`)).ok) await wait(100); // until the tables are there
    const [ours, peers]: [number[], number[]] = [[], []];
    for (let round = 0; round <= rounds; round += 1) {
      const cards = await issueCards(pool);
      ours.push(await rateOf(() => send(generator, port, cards)));
      peers.push(await rateOf(() => insertAll(pool)));
    }
    await pool.end();
    for (const child of [service, generator]) {
      child.disconnect();
      await once(child, "exit");
    }
    const median = (numbers: number[]) => numbers.slice(1).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
    return { service: median(ours), peer: median(peers) };
  } finally {
    await postgres.stop();
  }
}

async function rateOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (ROWS / (performance.now() - start)) * 1000;
}

/** Of cards that were not issued, the service keeps only a few outcomes. */
async function issueCards(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query(
    `INSERT INTO cards SELECT gen_random_uuid(), $1, 'open', '', '', '', '', '', '', '', '', 0
     FROM generate_series(1, $2::int) RETURNING card`,
    [new Date().toISOString(), ROWS],
  );
  return rows.map(({ card }) => card);
}

async function send(generator: ChildProcess, port: number, cards: readonly string[]): Promise<void> {
  const bodies = cards.map((card) => {
    const accepted = { acceptedSuggestions: [{ id: randomUUID() }], outcomeTimestamp: new Date().toISOString() };
    return JSON.stringify({ feedback: [{ card, outcome: "accepted", ...accepted }] });
  });
  const load: Load = {
    port,
    path: "/cds-services/preferred-product-order-sign/feedback",
    bodies,
    calls: ROWS,
    connections: CONNECTIONS,
  };
  generator.send(load);
  const [{ failures }] = (await once(generator, "message")) as [Sent];
  if (failures.length > 0) throw new Error(`${failures.length} calls failed: ${failures[0]}`);
}

async function insertAll(pool: pg.Pool): Promise<void> {
  let left = ROWS;
  const lane = async () => {
    const client = await pool.connect();
    while (left > 0) {
      left -= 1;
      await client.query("BEGIN");
      await client.query({
        name: "insert",
        text: INSERT,
        values: ["peer", randomUUID(), new Date().toISOString(), randomUUID()],
      });
      await client.query("COMMIT");
    }
    client.release();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}

if (import.meta.main) {
  const { service, peer } = await compareFeedback(7);
  process.stdout.write(
    `rows a second: the service ${service.toFixed(0)}, the peer ${peer.toFixed(0)}, ${(service / peer).toFixed(2)} times\n`,
  );
}
