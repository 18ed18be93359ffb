// The decision log: one row per issued card, written in batches after the response. A slow, full, or lost database
// delays no card: rows wait in memory. If there are too many, the oldest are dropped, counted, and logged.
import type { Logger } from "pino";
import { type Database, DatabaseFailure, type Statement, type Value } from "./database.ts";

/** An issued card, without patient data. */
export type IssuedCard = {
  readonly card: string;
  /** ISO 8601, UTC. */
  readonly issuedAt: string;
  readonly client: string;
  readonly hookInstance: string;
  readonly policy: string;
  readonly revision: string;
  /** Row of the decision table. */
  readonly row: string;
  readonly indicator: string;
  /** Outcome by criterion. */
  readonly criteria: Readonly<Record<string, string>>;
  /** Resource types of the evidence, by criterion. */
  readonly evidence: Readonly<Record<string, readonly string[]>>;
  readonly suggestions: readonly string[];
  /** Milliseconds from request to response. */
  readonly latency: number;
};

export type DecisionLog = {
  add(cards: readonly IssuedCard[]): void;
  /** Writes the waiting rows, if the database works. */
  flush(): Promise<void>;
  /** Why the last write failed, or undefined. */
  failure(): string | undefined;
  /** Rows waiting to be written. */
  waiting(): number;
  /** Rows dropped so far. */
  dropped(): number;
  /** Writes the waiting rows, or gives up. */
  close(): Promise<void>;
};

export type DecisionLogOptions = {
  /** Milliseconds between writes. */
  readonly every?: number;
  /** Rows that may wait in memory. */
  readonly maxWaiting?: number;
};

const EVERY = 1_000;
const MAX_WAITING = 10_000;
const MAX_BATCH = 500;

export function createDecisionLog(database: Database, log: Logger, options: DecisionLogOptions = {}): DecisionLog {
  const { every = EVERY, maxWaiting = MAX_WAITING } = options;
  let waiting: IssuedCard[] = [];
  let failure: string | undefined;
  let dropped = 0;
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      try {
        await database.run([insertOf(batch)]);
      } catch (error) {
        report(error instanceof DatabaseFailure ? error.why : "unknown failure");
        return; // retried on the next interval
      }
      const written = new Set(batch);
      waiting = waiting.filter((card) => !written.has(card)); // some may have been dropped in the meantime
      if (failure !== undefined) log.info("the decision log is being written again");
      failure = undefined;
    }
  }
  function report(why: string): void {
    if (why !== failure) log.error({ why, waiting: waiting.length }, "the decision log could not be written");
    failure = why;
  }
  function write(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  }
  const timer = setInterval(() => void write(), every);
  timer.unref();

  return {
    add(cards) {
      waiting.push(...cards);
      const excess = waiting.length - maxWaiting;
      if (excess <= 0) return;
      if (dropped === 0)
        log.error({ maxWaiting }, "the decision log is dropping its oldest rows: too many are waiting");
      waiting.splice(0, excess);
      dropped += excess;
    },
    flush: write,
    failure: () => failure,
    waiting: () => waiting.length,
    dropped: () => dropped,
    async close() {
      clearInterval(timer);
      await write();
      await write(); // rows added during the first write
      if (waiting.length > 0) log.error({ lost: waiting.length }, "decision log rows were lost");
    },
  };
}

// A batch with an unconfirmed commit is written again.
const INSERT = `
  INSERT INTO cards
    (card, issued_at, client, hook_instance, policy, revision, decision_row, indicator, criteria, evidence, suggestions,
      latency_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`;

function insertOf(cards: readonly IssuedCard[]): Statement {
  const rows = cards.map((each): Value[] => [
    ...[each.card, each.issuedAt, each.client, each.hookInstance, each.policy, each.revision, each.row, each.indicator],
    ...[JSON.stringify(each.criteria), JSON.stringify(each.evidence), JSON.stringify(each.suggestions), each.latency],
  ]);
  return { sql: INSERT, rows };
}
