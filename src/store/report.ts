// Card outcomes: were cards accepted, and why were they overridden. Computed in SQL that runs on SQLite and PostgreSQL.
import type { Database, Row, Statement, Value } from "./database.ts";

export type ReportQuery = {
  /** Only cards issued since then. ISO 8601, UTC. */
  readonly since?: string | undefined;
  /** Only cards of this policy. */
  readonly policy?: string | undefined;
  /** Only cards issued to this client. */
  readonly client?: string | undefined;
};

export type Totals = {
  /** Cards issued. */
  readonly cards: number;
  /** Distinct cards by latest outcome, including unknown cards. */
  readonly accepted: number;
  readonly overridden: number;
  /** Issued cards without feedback. */
  readonly ignored: number;
  /** Share of issued cards with feedback that was accepted. */
  readonly acceptance: Rate;
};

/** A proportion with its 95% interval (Wilson, 1927); undefined for zero cases. */
export type Rate = { readonly rate: number; readonly low: number; readonly high: number } | undefined;

export type Report = Totals & {
  /** The part of `accepted` and `overridden` for cards never issued, or issued to another client. */
  readonly unknown: { readonly accepted: number; readonly overridden: number };
  /** Override reasons of distinct cards, most frequent first. The last item sums those after MAX_REASONS. */
  readonly reasons: readonly { readonly reason: string; readonly system: string | null; readonly cards: number }[];
  readonly byRevision: readonly (Totals & { readonly policy: string; readonly revision: string })[];
  readonly byClient: readonly (Totals & { readonly client: string })[];
  /** Milliseconds; undefined without cards. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number } | undefined;
};

export const NO_REASON = "no reason given";
export const OTHER_REASONS = "others";
/** Sites can have any number of reasons. */
export const MAX_REASONS = 50;

export async function reportOn(database: Pick<Database, "read">, query: ReportQuery): Promise<Report> {
  const [outcomes = [], reasons = [], latencies = []] = await database.read([
    countOutcomes(query),
    rankReasons(query),
    latencyPercentiles(query),
  ]);
  const counts = outcomes.map(toCount);
  const unknown = counts.filter(({ mark }) => mark === "unknown");
  const at = new Map(latencies.map((row) => [Number(row.percent), Number(row.latency_ms)]));
  const [p50, p90, p99] = [at.get(50), at.get(90), at.get(99)];
  return {
    ...total(counts),
    unknown: { accepted: sum(unknown, "accepted"), overridden: sum(unknown, "overridden") },
    reasons: reasons.map((row) => ({
      reason: String(row.reason),
      system: row.system === null ? null : String(row.system),
      cards: Number(row.cards),
    })),
    byRevision: group(
      counts.filter(({ mark }) => mark === "known"),
      ({ policy, revision }) => ({ policy, revision }),
    ),
    byClient: group(counts, ({ client }) => ({ client })),
    latency: p50 === undefined || p90 === undefined || p99 === undefined ? undefined : { p50, p90, p99 },
  };
}

type Count = {
  readonly client: string;
  readonly policy: string;
  readonly revision: string;
  readonly mark: "known" | "unknown";
  readonly outcome: "accepted" | "overridden" | "ignored";
  readonly cards: number;
};

function toCount({ client, policy, revision, mark, outcome, cards }: Row): Count {
  return { client, policy, revision, mark, outcome, cards: Number(cards) } as Count;
}

/** The latest outcome of each card. If two have the same time, the one received last. */
const LATEST = `
  SELECT * FROM (
    SELECT marked_feedback.*, ROW_NUMBER() OVER (
      PARTITION BY client, card ORDER BY outcome_at DESC, received_at DESC, outcome, suggestions
    ) AS nth FROM marked_feedback
  ) AS numbered WHERE nth = 1`;

/** Filters cards, or feedback on unknown cards. Null matches everything. */
function conditions({ since, policy, client }: ReportQuery, time: string): { where: string; values: Value[] } {
  const where = `($1 IS NULL OR ${time} >= $1) AND ($2 IS NULL OR policy = $2) AND ($3 IS NULL OR client = $3)`;
  return {
    where: where.replaceAll(/\$\d/g, (place) => `CAST(${place} AS TEXT)`),
    values: [since ?? null, policy ?? null, client ?? null],
  };
}

function countOutcomes(query: ReportQuery): Statement {
  const issued = conditions(query, "issued_at");
  const received = conditions(query, "COALESCE(issued_at, received_at)");
  const sql = `
    WITH latest AS (${LATEST})
    SELECT client, policy, revision, 'known' AS mark, COALESCE(outcome, 'ignored') AS outcome, COUNT(*) AS cards FROM (
      SELECT cards.client, cards.policy, cards.revision, cards.issued_at, latest.outcome FROM cards
      LEFT JOIN latest ON latest.card = cards.card AND latest.client = cards.client
    ) AS issued WHERE ${issued.where} GROUP BY client, policy, revision, COALESCE(outcome, 'ignored')
    UNION ALL
    SELECT client, '' AS policy, '' AS revision, 'unknown' AS mark, outcome, COUNT(*) AS cards
    FROM latest WHERE mark = 'unknown' AND ${received.where} GROUP BY client, outcome`;
  return { sql, values: issued.values };
}

function rankReasons(query: ReportQuery): Statement {
  const { where, values } = conditions(query, "COALESCE(issued_at, received_at)");
  const reason = `COALESCE(site_reason, reason_code, '${NO_REASON}')`;
  const system = "CASE WHEN site_reason IS NULL THEN reason_system END";
  const sql = `
    WITH latest AS (${LATEST}),
    counted AS (
      SELECT ${reason} AS reason, ${system} AS system, COUNT(*) AS cards
      FROM latest WHERE outcome = 'overridden' AND ${where} GROUP BY 1, 2
    ),
    ranked AS (SELECT counted.*, ROW_NUMBER() OVER (ORDER BY cards DESC, reason, system) AS place FROM counted)
    SELECT reason, system, cards, place FROM ranked WHERE place <= ${MAX_REASONS}
    UNION ALL
    SELECT '${OTHER_REASONS}', NULL, SUM(cards), ${MAX_REASONS + 1} FROM ranked WHERE place > ${MAX_REASONS}
    HAVING COUNT(*) > 0
    ORDER BY 4`;
  return { sql, values };
}

/** Nearest rank: the smallest latency that this percentage of cards does not exceed. */
function latencyPercentiles(query: ReportQuery): Statement {
  const { where, values } = conditions(query, "issued_at");
  const sql = `
    WITH ranked AS (
      SELECT latency_ms, ROW_NUMBER() OVER (ORDER BY latency_ms) AS rank, COUNT(*) OVER () AS total
      FROM cards WHERE ${where}
    ), wanted AS (SELECT 50 AS percent UNION ALL SELECT 90 UNION ALL SELECT 99)
    SELECT percent, latency_ms FROM wanted JOIN ranked ON rank = (total * percent + 99) / 100`;
  return { sql, values };
}

function sum(counts: readonly Count[], outcome: Count["outcome"]): number {
  return counts.filter((each) => each.outcome === outcome).reduce((total, { cards }) => total + cards, 0);
}

function total(counts: readonly Count[]): Totals {
  const known = counts.filter(({ mark }) => mark === "known");
  const [accepted, overridden, ignored] = [sum(counts, "accepted"), sum(counts, "overridden"), sum(counts, "ignored")];
  const cards = known.reduce((all, each) => all + each.cards, 0);
  // Unknown cards do not count toward acceptance.
  const [yes, no] = [sum(known, "accepted"), sum(known, "overridden")];
  return { cards, accepted, overridden, ignored, acceptance: wilson(yes, yes + no) };
}

function group<Key extends Readonly<Record<string, string>>>(
  counts: readonly Count[],
  keyOf: (count: Count) => Key,
): (Key & Totals)[] {
  const groups = Map.groupBy(counts, (count) => JSON.stringify(keyOf(count)));
  return [...groups]
    .map(([key, members]) => ({ ...(JSON.parse(key) as Key), ...total(members) }))
    .sort((a, b) => b.cards - a.cards || b.accepted + b.overridden - a.accepted - a.overridden);
}

const Z = 1.959964; // two-sided 95% interval

function wilson(part: number, whole: number): Rate {
  if (whole === 0) return undefined;
  const rate = part / whole;
  const middle = rate + (Z * Z) / (2 * whole);
  const margin = Z * Math.sqrt((rate * (1 - rate)) / whole + (Z * Z) / (4 * whole * whole));
  const scale = 1 + (Z * Z) / whole;
  return { rate, low: Math.max(0, (middle - margin) / scale), high: Math.min(1, (middle + margin) / scale) };
}
