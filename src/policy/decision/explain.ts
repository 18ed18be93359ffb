// Explains a decision: each of the policy's expressions with the records that it selects. For the playground and policy
// authors; decide.ts makes the decision.

import { referenceTo } from "../fhir-json.ts";
import type { Expression } from "../fhirpath/expression.ts";
import type { Reading } from "../terminology/reading.ts";
import { type Chart, type ChartVariable, chartVariables } from "./chart.ts";
import { decide } from "./decide.ts";
import { select } from "./evidence.ts";
import type { PolicyOrders } from "./order.ts";

/** One expression, the records that it selects, as `Type/id`, and its sources that were not read. */
export type Selection = {
  readonly expression: string;
  readonly selected: readonly string[];
  readonly unread: readonly ChartVariable[];
};

export type Explanation = ReturnType<typeof explain>;

export function explain(applicable: PolicyOrders, chart: Chart, reading: Reading) {
  const { policy } = applicable;
  const orders = applicable.orders.map(({ resolved }) => resolved);
  const selection = (expression: Expression): Selection => ({
    expression: expression.text,
    unread: chartVariables.filter((name) => expression.variables.includes(name) && chart[name].state !== "read"),
    selected: [
      ...new Set(
        select(expression, { policy, orders, chart, reading }).records.map(
          (record) => referenceTo(record) ?? "a record without id",
        ),
      ),
    ],
  });
  const { row, payer, criteria, changes } = decide(applicable, chart, reading);
  const outcomes = new Map(criteria.map(({ criterion, outcome }) => [criterion.id, outcome]));
  return {
    policy: policy.id,
    title: policy.title,
    row,
    payer,
    orders: orders.map((order) => referenceTo(order) ?? "an order without id"),
    changes: changes.map((change) => (change.kind === "none" ? change.why : change.kind)),
    authorized: selection(policy.authorized),
    criteria: policy.criteria.map(({ id, label, text, decides, documented, supporting }) => ({
      ...{ id, label, text, decides, outcome: outcomes.get(id) },
      rules: [
        ...documented.map(({ select: rule, note }) => ({ grade: "documented" as const, note, ...selection(rule) })),
        ...supporting.map(({ select: rule, note }) => ({ grade: "supporting" as const, note, ...selection(rule) })),
      ],
    })),
    cautions: policy.cautions.map(({ id, select: rules }) => ({ id, rules: rules.map(selection) })),
  };
}
