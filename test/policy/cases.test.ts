// Runs every case of every policy in cards/, and demands that each criterion is seen in each of its outcomes and each row of
// the decision table at least once.
import { join } from "node:path";
import { chartOfCase, loadCases, loadNames, ordersOfCase, type PolicyCase } from "../../src/playground/cases.ts";
import { type Decision, decide, ordersOfPolicy } from "../../src/policy/decide.ts";
import { loadPolicies } from "../../src/policy/load.ts";
import { membership, mentioned } from "../../src/policy/membership.ts";
import type { Policy } from "../../src/policy/policy.ts";

const OUTCOMES = ["documented", "supporting", "not-found", "unknown"];
const ROWS = [
  ...["no-order", "other-payer", "authorized", "nothing-read", "overriding-caution", "exception-established"],
  ...["exception-to-confirm", "caution", "cautions-unread", "change"],
];

function decideCase(policy: Policy, given: PolicyCase): Decision | undefined {
  const drafts = ordersOfCase(given);
  return ordersOfPolicy(policy, drafts).length > 0 ? decide(policy, drafts, chartOfCase(given)) : undefined;
}

describe.each(loadPolicies("cards").map((policy) => [policy.id, policy] as const))("%s", (id, policy) => {
  const cases = loadCases(join("cards", id));

  test.each(cases.map((given) => [given.name, given] as const))("%s", (_name, given) => {
    const decision = decideCase(policy, given);
    const { row, payer, criteria, cautions, changes } = given.expect;
    expect(decision?.row ?? "no-order").toBe(row);
    if (payer) expect(decision?.payer).toBe(payer);
    const outcomes = Object.fromEntries((decision?.criteria ?? []).map((found) => [found.criterion.id, found.outcome]));
    expect(outcomes).toMatchObject(criteria);
    if (cautions) expect(decision?.cautions.map(({ caution }) => caution.id)).toEqual(cautions);
    if (changes)
      expect(decision?.changes.map((change) => (change.kind === "none" ? change.why : change.kind))).toEqual(changes);
  });

  test.each(loadNames(join("cards", id)))("%s, %s: %s", (set, grade, name) => {
    const isMember = membership(policy.terminology, { text: name }).has(set);
    const isMentioned = mentioned(policy.terminology, { text: name }).has(set);
    expect(isMember ? "is" : isMentioned ? "mentions" : "neither").toBe(grade);
  });

  test("every criterion is seen in each of its outcomes", () => {
    const seen = cases.flatMap((given) => decideCase(policy, given)?.criteria ?? []);
    for (const { id: criterion } of policy.criteria) {
      const outcomes = new Set(seen.filter((found) => found.criterion.id === criterion).map(({ outcome }) => outcome));
      expect([criterion, ...OUTCOMES.filter((outcome) => !outcomes.has(outcome as never))]).toEqual([criterion]);
    }
  });

  test("every row of the decision table is seen", () => {
    const seen = new Set(cases.map((given) => decideCase(policy, given)?.row ?? "no-order"));
    expect(ROWS.filter((row) => !seen.has(row as never))).toEqual([]);
  });
});
