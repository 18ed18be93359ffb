// Selects evidence from the chart by a policy's expressions, record by record: a record that an expression cannot read
// hides no other.
import { createAllowance, findCandidates, MOST_EVALUATED } from "./candidates.ts";
import type { Chart, ChartVariable, Source } from "./chart.ts";
import { chartVariables } from "./chart.ts";
import type { Expression } from "./expression.ts";
import type { FhirRecord } from "./fhir-json.ts";
import { needsOf } from "./needs.ts";
import { oncePer } from "./once.ts";
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
  for (const { variable, valueSets, needsAll } of questionsOf(expressions)) {
    const source = received[variable];
    if (source.state !== "read") continue;
    const { candidates, isWhole } = findCandidates(terminology, valueSets, source.records, allowance);
    const all = source.records.length > MOST_EVALUATED ? source.records.slice(0, MOST_EVALUATED) : source.records;
    byVariable.set(variable, { all, candidates });
    const isBounded = needsAll && source.records.length > all.length;
    if (!isWhole || isBounded)
      chart[variable] = { ...source, records: all, shortfalls: [...source.shortfalls, "too-many"] };
  }
  return { pools: { byVariable, unreadable: new Map() }, chart };
}

/** What the expressions ask of each source: about which value sets, and whether every record may count whatever it names. */
const questionsOf = oncePer((expressions: readonly Expression[]) =>
  chartVariables.map((variable) => {
    const asking = expressions.filter(({ variables }) => variables.includes(variable));
    const valueSets: ReadonlySet<string> = new Set(asking.flatMap((each) => each.valueSets));
    // Each coverage may tell the payer.
    const needsAll = variable === "coverage" || asking.some((each) => each.valueSets.length === 0);
    return { variable, valueSets, needsAll };
  }),
);

/** The records that the expression selects, each at most once. */
export function select(expression: Expression, pools: Pools): FhirRecord[] {
  const selected: FhirRecord[] = [];
  for (const variable of expression.variables) {
    const pool = pools.byVariable.get(variable);
    if (!pool) continue;
    for (const record of recordsFor(expression, pool)) {
      if (isSelected(expression, variable, record, pools)) selected.push(record);
    }
  }
  return selected;
}

function recordsFor({ valueSets }: Expression, { all, candidates }: Pool): Iterable<FhirRecord> {
  if (!candidates || valueSets.length === 0) return all;
  if (candidates.size === 0) return [];
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
