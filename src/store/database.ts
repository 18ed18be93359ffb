// The database as the store sees it: statements that run together or not at all.
import { CallError } from "../http/errors.ts";

/** A value in SQL. Placeholders are written $1, $2, … */
export type Value = string | number | null;
export type Statement = {
  readonly sql: string;
  readonly values?: readonly Value[];
  /** In place of `values`: it is an `INSERT … VALUES ($1, …) …` of each of these rows. */
  readonly rows?: readonly (readonly Value[])[];
};
export type Row = Readonly<Record<string, unknown>>;

export type Database = {
  /**
   * Carries out the statements in one transaction, and resolves with the rows of each.
   * @param durable whether they must outlast a power cut once this resolves
   * @throws DatabaseFailure
   */
  run(statements: readonly Statement[], durable?: boolean): Promise<Row[][]>;
  /** Reads all of it as it is at one moment, beside what is written: neither waits for the other. @throws DatabaseFailure */
  read(statements: readonly Statement[]): Promise<Row[][]>;
  /** Brings the tables up to date, under a lock. @throws DatabaseFailure */
  migrate(migrations: readonly Migration[]): Promise<void>;
  close(): Promise<void>;
};

/** The database failed. `why` is for the log: an error code or fixed text, never a value. */
export class DatabaseFailure extends CallError {
  readonly why: string;

  constructor(why: string) {
    const more = { headers: { "Retry-After": "5" }, note: { store: why } };
    super(503, "transient", "The store is unavailable and nothing was saved: send it again", more);
    this.why = why;
  }
}

/** Versions count from 1 without a gap; only forward. */
export type Migration = { readonly version: number; readonly sql: string };

/** The migrations that are still to be applied. @throws DatabaseFailure for a database of a newer service */
export function pending(migrations: readonly Migration[], current: number): readonly Migration[] {
  if (current > migrations.length) throw new DatabaseFailure("its tables are of a newer version of this service");
  return migrations.filter(({ version }) => version > current);
}
