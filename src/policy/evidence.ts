// Selects evidence from the chart by a policy's expressions, record by record: a record that an expression cannot read
// hides no other.
import type { Chart, ChartVariable, Source } from "./chart.ts";
import { chartVariables } from "./chart.ts";
import type { Expression } from "./expression.ts";
import { type FhirObject, type FhirRecord, isObject, objectsIn } from "./fhir-json.ts";
import { membership, type Terminology } from "./value-sets.ts";

/** The variables of a criterion's expressions: the chart's and the orders that the policy speaks about. */
export const evidenceVariables = ["orders", ...chartVariables] as const;

type Pool = { readonly all: readonly FhirRecord[]; readonly candidates: readonly FhirRecord[] };

/** The records that expressions choose from. Notes which of them an expression could not read. */
export type Pools = {
  readonly byVariable: ReadonlyMap<string, Pool>;
  readonly unreadable: Map<ChartVariable, Set<FhirRecord>>;
};

/** Gathers, once for a call and policy, the records that may be evidence: those with a drug or substance that it knows. */
export function poolRecords(terminology: Terminology, chart: Chart, orders: readonly FhirRecord[]): Pools {
  const byVariable = new Map<string, Pool>([["orders", { all: orders, candidates: orders }]]);
  for (const variable of chartVariables) {
    const all = recordsOf(chart[variable]);
    const candidates = all.filter((record) =>
      conceptsOf(record).some((concept) => membership(terminology, concept).size > 0),
    );
    byVariable.set(variable, { all, candidates });
  }
  return { byVariable, unreadable: new Map() };
}

/** The records that the expression selects, each at most once. */
export function select(expression: Expression, pools: Pools): FhirRecord[] {
  return expression.variables.flatMap((variable) => {
    const pool = pools.byVariable.get(variable);
    const records = (expression.usesValueSets ? pool?.candidates : pool?.all) ?? [];
    return records.filter((record) => isSelected(expression, variable, record, pools));
  });
}

function isSelected(expression: Expression, variable: string, record: FhirRecord, pools: Pools): boolean {
  try {
    return expression.evaluate({ [variable]: [record] }).length > 0;
  } catch {
    const source = chartVariables.find((name) => name === variable);
    if (source) pools.unreadable.set(source, (pools.unreadable.get(source) ?? new Set()).add(record));
    return false;
  }
}

function recordsOf(source: Source): readonly FhirRecord[] {
  return source.state === "read" ? source.records : [];
}

/** Every CodeableConcept of a record, at the top or inside its elements (such as AllergyIntolerance.reaction.substance). */
function conceptsOf(record: FhirRecord): FhirObject[] {
  const elements = Object.values(record).flatMap(objectsIn);
  const inner = elements.flatMap((element) => Object.values(element).flatMap(objectsIn));
  return [...elements, ...inner].filter(isConcept);
}

function isConcept(value: FhirObject): boolean {
  return isObject(value) && (Array.isArray(value.coding) || isObject(value.coding) || typeof value.text === "string");
}
