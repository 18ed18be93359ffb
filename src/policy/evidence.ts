// Selects evidence from the chart by a policy's expressions, record by record: a record that an expression cannot read
// hides no other.
import { createAllowance, findCandidates, MOST_EVALUATED } from "./candidates.ts";
import type { Chart, ChartVariable, Source } from "./chart.ts";
import { chartVariables } from "./chart.ts";
import type { Expression } from "./expression.ts";
import type { FhirRecord } from "./fhir-json.ts";
import { needsOf } from "./needs.ts";
import type { Terminology } from "./value-sets.ts";

/** The variables of a criterion's expressions: the chart's and the orders that the policy speaks about. */
export const evidenceVariables = ["orders", ...chartVariables] as const;

type Pool = {
  /** What expressions that ask about no value set choose from. */
  readonly all: readonly FhirRecord[];
  /** The records that may be about a value set, and about which. Undefined: each may be about any. */
  readonly candidates: ReadonlyMap<FhirRecord, ReadonlySet<string>> | undefined;
};

/** The records that expressions choose from. Notes which of them an expression could not read. */
export type Pools = {
  readonly byVariable: ReadonlyMap<string, Pool>;
  readonly unreadable: Map<ChartVariable, Set<FhirRecord>>;
};

/**
 * Gathers, once for a call and policy, the records that may be evidence: those that name something that `expressions` ask
 * about. Returns the chart as well: a source that holds more than is looked at falls short.
 */
export function poolRecords(
  terminology: Terminology,
  expressions: readonly Expression[],
  received: Chart,
  orders: readonly FhirRecord[],
): { pools: Pools; chart: Chart } {
  const byVariable = new Map<string, Pool>([["orders", { all: orders, candidates: undefined }]]);
  const chart: { -readonly [Variable in ChartVariable]: Source } = { ...received };
  const allowance = createAllowance();
  for (const variable of chartVariables) {
    const source = received[variable];
    const asking = expressions.filter(({ variables }) => variables.includes(variable));
    if (source.state !== "read") continue;
    const asked = new Set(asking.flatMap(({ valueSets }) => valueSets));
    const { candidates, isWhole } = findCandidates(terminology, asked, source.records, allowance);
    const all = source.records.slice(0, MOST_EVALUATED);
    byVariable.set(variable, { all, candidates });
    // Each coverage may tell the payer.
    const needsAll = variable === "coverage" || asking.some(({ valueSets }) => valueSets.length === 0);
    const isBounded = needsAll && source.records.length > all.length;
    if (!isWhole || isBounded)
      chart[variable] = { ...source, records: all, shortfalls: [...source.shortfalls, "too-many"] };
  }
  return { pools: { byVariable, unreadable: new Map() }, chart };
}

/** The records that the expression selects, each at most once. */
export function select(expression: Expression, pools: Pools): FhirRecord[] {
  return expression.variables.flatMap((variable) => {
    const pool = pools.byVariable.get(variable);
    const records = pool ? recordsFor(expression, pool) : [];
    return records.filter((record) => isSelected(expression, variable, record, pools));
  });
}

function recordsFor({ valueSets }: Expression, { all, candidates }: Pool): readonly FhirRecord[] {
  if (!candidates || valueSets.length === 0) return all;
  return [...candidates].filter(([, sets]) => valueSets.some((set) => sets.has(set))).map(([record]) => record);
}

function isSelected(expression: Expression, variable: string, record: FhirRecord, pools: Pools): boolean {
  if (needsOf(expression).requirements.get(variable)?.(record) === false) return false;
  try {
    return expression.evaluate({ [variable]: [record] }).length > 0;
  } catch {
    const source = chartVariables.find((name) => name === variable);
    if (source) pools.unreadable.set(source, (pools.unreadable.get(source) ?? new Set()).add(record));
    return false;
  }
}
