// Remembers what an expression says of orders that are alike: nearly all are drafts in which the elements that it names hold the same
// few codes, or nothing. It spares a call about a fifth of its decision.
import type { Expression } from "./expression.ts";
import type { FhirRecord } from "./fhir-json.ts";
import { needsOf } from "./needs.ts";

/** Kinds of orders that are remembered; there are about five. */
const MOST_KINDS = 100;
/** Characters of a code. What is longer, or is no single code or boolean, may tell something of a patient: it is not kept. */
const LONGEST_CODE = 20;

/** Whether the expression selects an order. @throws Error where the order does not fit it */
export function rememberAlike(expression: Expression): (order: FhirRecord) => boolean {
  const kinds = new Map<string, boolean>();
  const { elements, isTimed } = needsOf(expression);
  const names = elements.flatMap((name) => [name, `_${name}`]);
  return (order) => {
    const kind = isTimed || expression.valueSets.length > 0 ? undefined : kindOf(order, names);
    const known = kind === undefined ? undefined : kinds.get(kind);
    if (known !== undefined) return known;
    const isSelected = expression.evaluate({ orders: [order] }).length > 0;
    if (kind !== undefined && kinds.size < MOST_KINDS) kinds.set(kind, isSelected);
    return isSelected;
  };
}

/** What the elements hold, where each holds one code or boolean, or nothing. */
function kindOf(order: FhirRecord, names: readonly string[]): string | undefined {
  let kind = "";
  for (const name of names) {
    const value = order[name];
    if (value === undefined) continue;
    const isCode = typeof value === "boolean" || (typeof value === "string" && value.length <= LONGEST_CODE);
    if (!isCode) return undefined;
    kind += `${name}=${value} ${typeof value};`;
  }
  return kind;
}
