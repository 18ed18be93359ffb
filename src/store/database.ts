// The database as the store sees it: statements that run together or not at all.
import { CallError } from "../http/errors.ts";

/** A value in SQL. Placeholders are written $1, $2, … */
export type Value = string | number | null;
export type Statement = {
  readonly sql: string;
  readonly values?: readonly Value[];
  /** Instead of `values`: runs `INSERT … VALUES ($1, …) …` for each row. */
  readonly rows?: readonly (readonly Value[])[];
};
export type Row = Readonly<Record<string, unknown>>;

export type Database = {
  /**
   * Runs the statements in one transaction, and resolves with the rows of each.
   * @param durable survives a power failure once this resolves
   * @throws DatabaseFailure
   */
  run(statements: readonly Statement[], durable?: boolean): Promise<Row[][]>;
  /** Reads from one snapshot: neither blocks writers nor waits for them. @throws DatabaseFailure */
  read(statements: readonly Statement[]): Promise<Row[][]>;
  /** Applies pending migrations, under a lock. @throws DatabaseFailure */
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

/** Versions count from 1 without gaps. Forward only. */
export type Migration = { readonly version: number; readonly sql: string };

/** The migrations still to apply. @throws DatabaseFailure if a newer version of the service migrated the database */
export function pending(migrations: readonly Migration[], current: number): readonly Migration[] {
  if (current > migrations.length) throw new DatabaseFailure("the schema is from a newer version of this service");
  return migrations.filter(({ version }) => version > current);
}
