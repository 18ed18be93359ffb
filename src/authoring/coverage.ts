// Finds what no case of a policy covers: decision rows, outcomes, rules, cautions, changes, and reasons for no change.
import type { CaseFile } from "../cases/cases.ts";
import type { NoChangeReason } from "../policy/decision/change.ts";
import type { Outcome, Row } from "../policy/decision/decide.ts";
import { type Explanation, explain } from "../policy/decision/explain.ts";
import type { Policy } from "../policy/format/policy.ts";
import { readCase } from "./run-cases.ts";

export type Coverage = { readonly possible: number; readonly unseen: readonly string[] };

export function coverageOf(policy: Policy, { cases }: CaseFile): Coverage {
  const seen = new Set<string>();
  for (const given of cases) {
    const read = readCase(policy, given);
    const things = read ? thingsSeen(explain(read.applicable, read.chart, read.reading)) : ["row no-order"];
    for (const thing of things) seen.add(thing);
  }
  const possible = thingsPossible(policy);
  return { possible: possible.length, unseen: possible.filter((thing) => !seen.has(thing)) };
}

function thingsSeen({ row, criteria, cautions, changes }: Explanation): string[] {
  return [
    `row ${row}`,
    ...criteria.flatMap(({ id, outcome, rules }) => [
      `criterion ${id}: ${outcome}`,
      ...nameRules(rules).flatMap(({ name, selected }) => (selected.length > 0 ? [`criterion ${id}: ${name}`] : [])),
    ]),
    ...cautions.flatMap(({ id, rules }) =>
      rules.flatMap(({ selected }, at) => (selected.length > 0 ? [`caution ${id}: select ${at}`] : [])),
    ),
    ...changes.map((change) => `change ${change}`),
  ];
}

/** Names each rule by its position in policy.yaml, from 0: `documented rule 0`. */
function nameRules<Rule extends { readonly grade: "documented" | "supporting" }>(rules: readonly Rule[]) {
  const byGrade = Map.groupBy(rules, ({ grade }) => grade);
  return [...byGrade].flatMap(([grade, same]) => same.map((rule, at) => ({ ...rule, name: `${grade} rule ${at}` })));
}

function thingsPossible(policy: Policy): string[] {
  const { criteria, cautions } = policy;
  const changes = changesPossible(policy).map((change) => `change ${change}`);
  return [
    ...rowsPossible(policy).map((row) => `row ${row}`),
    ...criteria.flatMap((criterion) => [
      ...outcomesPossible(criterion).map((outcome) => `criterion ${criterion.id}: ${outcome}`),
      ...criterion.documented.map((_, at) => `criterion ${criterion.id}: documented rule ${at}`),
      ...criterion.supporting.map((_, at) => `criterion ${criterion.id}: supporting rule ${at}`),
    ]),
    ...cautions.flatMap(({ id, select }) => select.map((_, at) => `caution ${id}: select ${at}`)),
    ...changes,
  ];
}

function rowsPossible({ criteria, cautions }: Policy): (Row | "no-order")[] {
  const possible: Record<Row | "no-order", boolean> = {
    "no-order": true,
    "other-payer": true,
    authorized: true,
    "nothing-read": true,
    "overriding-caution": cautions.some(({ overridesException }) => overridesException),
    "exception-established": true,
    "exception-to-confirm": criteria.some(({ decides, established }) => decides && established),
    caution: cautions.some(({ overridesException }) => !overridesException),
    "cautions-unread": cautions.length > 0,
    change: true,
  };
  return keysOf(possible);
}

/** A criterion that reads only the orders is never unknown. */
function outcomesPossible({ documented, supporting }: Policy["criteria"][number]): Outcome[] {
  const read = [...documented, ...supporting].flatMap(({ select }) => select.variables);
  const possible: Record<Outcome, boolean> = {
    documented: documented.length > 0,
    supporting: supporting.length > 0,
    "not-found": true,
    unknown: read.some((variable) => variable !== "orders"),
  };
  return keysOf(possible);
}

function changesPossible({ nonPreferred, alreadyOrdered }: Policy): string[] {
  const possible: Record<NoChangeReason | "replace" | "remove", boolean> = {
    replace: true,
    remove: true,
    withheld: true,
    "no-id": true,
    "strength-unknown": true,
    "brand-only": nonPreferred.brandOnly.length > 0,
    "brand-in-instructions": true,
    "also-ordered": true,
    "already-ordered": alreadyOrdered.variables.length > 0,
  };
  return keysOf(possible);
}

function keysOf<Key extends string>(possible: Readonly<Record<Key, boolean>>): Key[] {
  return (Object.keys(possible) as Key[]).filter((key) => possible[key]);
}
