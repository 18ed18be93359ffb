// Shows why a policy decided as it did: each of its expressions, and the records that it selects. For the playground and for authors of
// policies; the decision itself is decide.ts.
import { type Chart, type ChartVariable, chartVariables } from "./chart.ts";
import { decide, expressionsOf, ordersOfPolicy } from "./decide.ts";
import { poolRecords, select } from "./evidence.ts";
import type { Expression } from "./expression.ts";
import { referenceTo } from "./fhir-json.ts";
import type { Order } from "./order.ts";
import type { Policy } from "./policy.ts";

/** One expression, and the records that it selects, as `Type/id`; and the sources it reads that were not received. */
export type Selection = {
  readonly expression: string;
  readonly selected: readonly string[];
  readonly unread: readonly ChartVariable[];
};

export type Explanation = ReturnType<typeof explain>;

/** For drafts of which at least one is an order that the policy speaks about. */
export function explain(policy: Policy, drafts: readonly Order[], chart: Chart) {
  const orders = ordersOfPolicy(policy, drafts).map(({ resolved }) => resolved);
  const { pools } = poolRecords(policy.terminology, expressionsOf(policy), chart, orders);
  const selection = (expression: Expression): Selection => ({
    expression: expression.text,
    unread: chartVariables.filter((name) => expression.variables.includes(name) && chart[name].state !== "read"),
    selected: [...new Set(select(expression, pools).map((record) => referenceTo(record) ?? "a record without id"))],
  });
  const { row, payer, criteria, changes } = decide(policy, drafts, chart);
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
