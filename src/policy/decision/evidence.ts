// Selects evidence by a policy's expressions from the records that match their value sets. Evaluates one record at a
// time, so that a record that breaks an expression hides no other.

import type { FhirRecord } from "../fhir-json.ts";
import type { Expression } from "../fhirpath/expression.ts";
import type { Policy } from "../format/policy.ts";
import type { Reading } from "../terminology/reading.ts";
import type { Screened } from "../terminology/screen.ts";
import { type Chart, type ChartVariable, chartVariables } from "./chart.ts";

/** What expressions select from: the orders that the policy applies to, and the chart. */
export type Pool = {
  readonly policy: Policy;
  readonly orders: readonly FhirRecord[];
  readonly chart: Chart;
  readonly reading: Reading;
};

/** A record that was not judged: the expression failed on it, or the deadline had passed. */
export type Unjudged = {
  readonly source: ChartVariable;
  readonly record: FhirRecord;
  readonly why: "unreadable" | "too-many";
};

export type Selection = { readonly records: readonly FhirRecord[]; readonly unjudged: readonly Unjudged[] };

/** The records that the expression selects, each at most once. */
export function select(expression: Expression, pool: Pool): Selection {
  const records: FhirRecord[] = [];
  const unjudged: Unjudged[] = [];
  for (const variable of expression.variables) {
    const source = chartVariables.find((name) => name === variable);
    for (const record of source ? recordsFor(expression, source, pool) : pool.orders) {
      const answer =
        source && pool.reading.isOver() ? "too-many" : isSelected(expression, variable, record, pool.reading);
      if (answer === true) records.push(record);
      else if (answer !== false && source) unjudged.push({ source, record, why: answer });
    }
  }
  return { records, unjudged };
}

/** The records that any of the expressions selects, each once. */
export function selectAny(expressions: readonly Expression[], pool: Pool): Selection {
  const selections = expressions.map((expression) => select(expression, pool));
  return {
    records: [...new Set(selections.flatMap(({ records }) => records))],
    unjudged: selections.flatMap(({ unjudged }) => unjudged),
  };
}

function recordsFor({ valueSets }: Expression, source: ChartVariable, { policy, chart, reading }: Pool) {
  const read = chart[source];
  if (read.state !== "read") return [];
  if (source === "coverage" || valueSets.length === 0) return read.records;
  return read.records.filter((record) => {
    const sets = reading.screen.record(source satisfies Screened, record).get(policy);
    return sets !== undefined && valueSets.some((set) => sets.has(set));
  });
}

function isSelected(
  expression: Expression,
  variable: string,
  record: FhirRecord,
  { texts }: Reading,
): boolean | "unreadable" {
  try {
    return expression.evaluate({ [variable]: [record] }, texts).length > 0;
  } catch {
    return "unreadable";
  }
}
