// The store: feedback that is on the disk before it is answered, and the decision log that goes with it. It opens in the background and
// tries again until it can; what it cannot do meanwhile it says.
import type { Logger } from "pino";
import { type Database, DatabaseFailure, type Statement } from "./database.ts";
import { createDecisionLog, type DecisionLogOptions, type IssuedCard } from "./decision-log.ts";
import { createFeedbackKeeper, type KeepFeedback } from "./keep-feedback.ts";
import { loadMigrations } from "./open.ts";
import { type Report, type ReportQuery, reportOn } from "./report.ts";

export type StoreHealth =
  | { readonly status: "ok" }
  /** Not yet opened. */
  | { readonly status: "starting"; readonly why: string }
  /** Was open, and failed the last time. */
  | { readonly status: "degraded"; readonly why: string };

export type Store = {
  readonly keepFeedback: KeepFeedback;
  /** Never throws, and waits for nothing. */
  logCards(cards: readonly IssuedCard[]): void;
  /** @throws DatabaseFailure */
  report(query: ReportQuery): Promise<Report>;
  health(): StoreHealth;
  decisionLog(): { readonly waiting: number; readonly dropped: number };
  close(): Promise<void>;
};

export type StoreOptions = DecisionLogOptions & {
  readonly log: Logger;
  /** Days that rows are kept. */
  readonly retention: number;
  /** Whether comments, and reasons that no policy offers, are kept: they may hold patient data. */
  readonly keepComments: boolean;
  /** Milliseconds between two tries to open. */
  readonly retry?: number;
};

const RETRY = 2_000;

/** Writes as feedback is written, and leaves nothing. */
const PROBE: Statement[] = [
  {
    sql: `INSERT INTO feedback (client, card, outcome, outcome_at, suggestions, received_at)
      VALUES ('probe', 'probe', '', '', '', '')`,
  },
  { sql: "DELETE FROM feedback WHERE client = 'probe' AND card = 'probe'" },
];
const CLEAN_EVERY = 6 * 3_600_000;

export function openStore(database: Database, options: StoreOptions): Store {
  const { log, retention, keepComments, retry = RETRY } = options;
  const decisions = createDecisionLog(database, log, options);
  const keep = createFeedbackKeeper(database, decisions, keepComments);
  let health: StoreHealth = { status: "starting", why: "not yet opened" };
  let retrying: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function open(): Promise<void> {
    try {
      await database.migrate(loadMigrations());
      health = { status: "ok" };
      log.info("the store is open");
      await clean();
    } catch (error) {
      fail(error, "the store could not be opened: it is tried again, and cards are served meanwhile");
    }
  }
  function fail(error: unknown, message: string): void {
    const why = error instanceof DatabaseFailure ? error.why : "unknown failure";
    if (!isClosed && (health.status === "ok" || health.why !== why)) log.error({ why }, message);
    health = { status: health.status === "starting" ? "starting" : "degraded", why };
    clearTimeout(retrying);
    if (!isClosed) retrying = setTimeout(() => void recover(), retry).unref();
  }
  /** Opens what could not be opened, or finds out whether what failed works again. */
  async function recover(): Promise<void> {
    if (health.status === "starting") await open();
    else
      await attempt(probe).then(
        () => log.info("the store works again"),
        () => {},
      );
  }
  /** Whether it works again. The tables may be gone: a file can be replaced. */
  async function probe(): Promise<void> {
    await database.migrate(loadMigrations());
    await database.run(PROBE, true);
  }
  /** Before the tables are there, nothing can be kept or read. */
  function demandOpen(): void {
    if (health.status === "starting") throw new DatabaseFailure(health.why);
  }
  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    demandOpen();
    try {
      const result = await work();
      health = { status: "ok" };
      return result;
    } catch (error) {
      fail(error, "the store failed");
      throw error;
    }
  }
  async function clean(): Promise<void> {
    const limit = new Date(Date.now() - retention * 86_400_000).toISOString();
    await attempt(() => database.run(deleteOlder(limit))).catch(() => {});
  }

  const ready = open();
  const cleaning = setInterval(() => void clean(), CLEAN_EVERY);
  cleaning.unref();

  return {
    keepFeedback: (client, feedback) => attempt(() => keep(client, feedback)),
    logCards: (cards) => decisions.add(cards),
    // One that fails, or takes too long, says nothing about feedback.
    async report(query) {
      demandOpen();
      return reportOn(database, query);
    },
    health() {
      const failure = decisions.failure();
      return health.status === "ok" && failure !== undefined ? { status: "degraded", why: failure } : health;
    },
    decisionLog: () => ({ waiting: decisions.waiting(), dropped: decisions.dropped() }),
    async close() {
      isClosed = true;
      clearTimeout(retrying);
      clearInterval(cleaning);
      await ready;
      await decisions.close();
      await database.close();
    },
  };
}

/** Feedback goes with its card, or on its own account where the card is unknown. */
function deleteOlder(limit: string): Statement[] {
  return [
    {
      sql: `DELETE FROM feedback WHERE received_at < $1 OR EXISTS (
        SELECT 1 FROM cards WHERE cards.card = feedback.card AND cards.client = feedback.client AND issued_at < $1)`,
      values: [limit],
    },
    { sql: "DELETE FROM cards WHERE issued_at < $1", values: [limit] },
  ];
}
