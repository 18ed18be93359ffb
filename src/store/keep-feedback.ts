// Stores feedback within limits, so that no client can fill the database: a maximum of outcomes per issued card, and a
// daily quota for cards that were never issued. The database counts, so that all instances share the limits.
import { type Feedback, MAX_OUTCOMES, MAX_UNKNOWN_PER_DAY } from "../cds-hooks/feedback.ts";
import type { Database, Value } from "./database.ts";
import type { DecisionLog } from "./decision-log.ts";

/** Resolves with the feedback now on disk: all within limits. @throws DatabaseFailure if none could be stored */
export type KeepFeedback = (client: string, feedback: readonly Feedback[]) => Promise<readonly Feedback[]>;

export function createFeedbackKeeper(
  database: Database,
  decisions: Pick<DecisionLog, "flush">,
  keepComments: boolean,
): KeepFeedback {
  let turn: Promise<unknown> = Promise.resolve();

  /** One at a time, so that each counts what the previous one stored. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  }
  /** Outcomes so far, for each card that was issued to the client. */
  async function countOutcomes(client: string, feedback: readonly Feedback[]): Promise<Map<string, number>> {
    const cards = [...new Set(feedback.map(({ card }) => card))];
    const sql = `
      SELECT card, (
        SELECT COUNT(*) FROM feedback WHERE feedback.card = cards.card AND feedback.client = cards.client
      ) AS outcomes
      FROM cards WHERE client = $1 AND card IN (${cards.map((_card, index) => `$${index + 2}`).join(", ")})`;
    const [rows = []] = await database.run([{ sql, values: [client, ...cards] }]);
    return new Map(rows.map(({ card, outcomes }) => [String(card), Number(outcomes)]));
  }
  /** Today's unknown cards. One that is in the decision log by now no longer counts. */
  async function countUnknown(client: string, day: string): Promise<number> {
    const sql = `
      SELECT COUNT(*) AS outcomes FROM feedback
      LEFT JOIN cards ON cards.card = feedback.card AND cards.client = feedback.client
      WHERE feedback.client = $1 AND unknown_on = $2 AND cards.card IS NULL`;
    const [rows = []] = await database.run([{ sql, values: [client, day] }]);
    return Number(rows[0]?.outcomes);
  }
  async function insert(client: string, known: readonly Feedback[], unknown: readonly Feedback[] = []) {
    const received = new Date().toISOString();
    const rows = [
      ...known.map((each) => [...rowOf(client, each, received, keepComments), null]),
      ...unknown.map((each) => [...rowOf(client, each, received, keepComments), received.slice(0, 10)]),
    ];
    if (rows.length > 0) await database.run([{ sql: INSERT, rows }], true);
    return [...known, ...unknown];
  }
  async function keepWithUnknown(client: string, feedback: readonly Feedback[]): Promise<readonly Feedback[]> {
    await decisions.flush(); // a card issued a moment ago may not be written yet
    const outcomes = await countOutcomes(client, feedback);
    const known = feedback.filter(({ card }) => outcomes.has(card));
    const unknown = feedback.filter(({ card }) => !outcomes.has(card));
    const today = new Date().toISOString().slice(0, 10);
    const fits = unknown.length + (await countUnknown(client, today)) <= MAX_UNKNOWN_PER_DAY;
    return insert(client, withinMaximum(known, outcomes), fits ? unknown : []);
  }

  return async (client, feedback) => {
    const outcomes = await countOutcomes(client, feedback);
    if (feedback.some(({ card }) => !outcomes.has(card))) return inTurn(() => keepWithUnknown(client, feedback));
    return insert(client, withinMaximum(feedback, outcomes));
  };
}

/** Drops outcomes over a card's maximum. @param outcomes so far, by card */
function withinMaximum(feedback: readonly Feedback[], outcomes: ReadonlyMap<string, number>): Feedback[] {
  const counts = new Map(outcomes);
  return feedback.filter(({ card }) => {
    const count = (counts.get(card) ?? 0) + 1;
    counts.set(card, count);
    return count <= MAX_OUTCOMES;
  });
}

const INSERT = `
  INSERT INTO feedback
    (client, card, outcome, outcome_at, suggestions, received_at, reason_system, reason_code, site_reason, comment,
      unknown_on)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`;

/** Replaces a reason that no policy offers: like a comment, it may be free text. */
const OTHER = { system: undefined, code: "other" };

function rowOf(client: string, feedback: Feedback, received: string, keepComments: boolean): Value[] {
  const { card, outcome, outcomeTimestamp, acceptedSuggestions, siteReason, comment } = feedback;
  const reason = feedback.reason && (keepComments || feedback.reason.isOffered ? feedback.reason : OTHER);
  return [
    ...[client, card, outcome, new Date(outcomeTimestamp).toISOString(), [...acceptedSuggestions].sort().join(",")],
    ...[received, reason?.system ?? null, reason?.code ?? null, siteReason ?? null],
    keepComments ? (comment ?? null) : null,
  ];
}
