// The store: feedback, on disk before it is acknowledged, and the decision log. Opens in the background and retries
// until it succeeds; until then it reports why not.
import type { Logger } from "pino";
import { type Database, DatabaseFailure, type Statement } from "./database.ts";
import { createDecisionLog, type DecisionLogOptions, type IssuedCard } from "./decision-log.ts";
import { createFeedbackKeeper, type KeepFeedback } from "./keep-feedback.ts";
import { loadMigrations } from "./open.ts";
import { type Report, type ReportQuery, reportOn } from "./report.ts";

export type StoreHealth =
  | { readonly status: "ok" }
  /** Not opened yet. */
  | { readonly status: "starting"; readonly why: string }
  /** Opened, but the last operation failed. */
  | { readonly status: "degraded"; readonly why: string };

export type Store = {
  readonly keepFeedback: KeepFeedback;
  /** Never throws, and does not block. */
  logCards(cards: readonly IssuedCard[]): void;
  /** @throws DatabaseFailure */
  report(query: ReportQuery): Promise<Report>;
  health(): StoreHealth;
  decisionLog(): { readonly waiting: number; readonly dropped: number };
  close(): Promise<void>;
};

export type StoreOptions = DecisionLogOptions & {
  readonly log: Logger;
  /** Days before rows are deleted. */
  readonly retention: number;
  /** Whether to store comments, and reasons that no policy offers: they may hold patient data. */
  readonly keepComments: boolean;
  /** Milliseconds between attempts to open. */
  readonly retry?: number;
};

const RETRY = 2_000;

/** Writes like feedback does, and leaves no row. */
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
  let health: StoreHealth = { status: "starting", why: "not opened yet" };
  let retrying: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function open(): Promise<void> {
    try {
      await database.migrate(loadMigrations());
      health = { status: "ok" };
      log.info("the store is open");
      await clean();
    } catch (error) {
      fail(error, "the store could not be opened: retrying; cards are still served");
    }
  }
  function fail(error: unknown, message: string): void {
    const why = error instanceof DatabaseFailure ? error.why : "unknown failure";
    if (!isClosed && (health.status === "ok" || health.why !== why)) log.error({ why }, message);
    health = { status: health.status === "starting" ? "starting" : "degraded", why };
    clearTimeout(retrying);
    if (!isClosed) retrying = setTimeout(() => void recover(), retry).unref();
  }
  /** Opens the store, or checks whether it works again. */
  async function recover(): Promise<void> {
    if (health.status === "starting") await open();
    else
      await attempt(probe).then(
        () => log.info("the store works again"),
        () => {},
      );
  }
  /** Migrates first: the tables may be gone, since a file can be replaced. */
  async function probe(): Promise<void> {
    await database.migrate(loadMigrations());
    await database.run(PROBE, true);
  }
  /** Nothing can be stored or read before the tables exist. */
  function assertOpen(): void {
    if (health.status === "starting") throw new DatabaseFailure(health.why);
  }
  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    assertOpen();
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
    // Does not affect health: a failing or slow report says nothing about storing feedback.
    async report(query) {
      assertOpen();
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

/** Feedback is deleted with its card, or by its own age if the card is unknown. */
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
