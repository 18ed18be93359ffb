// Selects evidence from the chart by a policy's expressions, record by record: a record that an expression cannot read
// hides no other.
import type { Chart, ChartVariable, Source } from "./chart.ts";
import { chartVariables } from "./chart.ts";
import type { Expression } from "./expression.ts";
import { type FhirObject, type FhirRecord, objectsIn, textIn } from "./fhir-json.ts";
import { mentioned } from "./membership.ts";
import type { Terminology } from "./value-sets.ts";

/** The variables of a criterion's expressions: the chart's and the orders that the policy speaks about. */
export const evidenceVariables = ["orders", ...chartVariables] as const;

type Pool = { readonly all: readonly FhirRecord[]; readonly candidates: readonly FhirRecord[] };

/** The records that expressions choose from. Notes which of them an expression could not read. */
export type Pools = {
  readonly byVariable: ReadonlyMap<string, Pool>;
  readonly unreadable: Map<ChartVariable, Set<FhirRecord>>;
};

/** Gathers, once for a call and policy, the records that may be evidence: those that name something it knows. */
export function poolRecords(terminology: Terminology, chart: Chart, orders: readonly FhirRecord[]): Pools {
  const byVariable = new Map<string, Pool>([["orders", { all: orders, candidates: orders }]]);
  for (const variable of chartVariables) {
    const all = recordsOf(chart[variable]);
    const candidates = all.filter((record) =>
      namingsOf(record).some((naming) => mentioned(terminology, naming).size > 0),
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

/**
 * Whatever may name a drug or substance, at the top of a record or inside its elements: CodeableConcepts (such as
 * AllergyIntolerance.reaction.substance), notes and descriptions.
 */
function namingsOf(record: FhirRecord): (FhirObject | string)[] {
  const elements = Object.values(record).flatMap(objectsIn);
  const inner = elements.flatMap((element) => Object.values(element).flatMap(objectsIn));
  const descriptions = elements.map(({ description }) => textIn(description)).filter((text) => text !== undefined);
  return [...[...elements, ...inner].filter(isConcept), ...descriptions];
}

function isConcept(value: FhirObject): boolean {
  return typeof value.coding === "object" || typeof value.text === "string";
}
