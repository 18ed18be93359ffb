// A policy for its readers, people (page.ts) and programs: in words, FHIRPath, and codes.
import type { Expression } from "../policy/fhirpath/expression.ts";
import type { Policy } from "../policy/format/policy.ts";

export type PolicyDescription = ReturnType<typeof describePolicy>;

/** @param operator the OPERATOR setting */
export function describePolicy(policy: Policy, operator: string) {
  const { id, revision, title, publisher, reviewDate, document, statement, history, payer } = policy;
  const rules = (list: Policy["criteria"][number]["documented"]) =>
    list.map(({ select, note }) => ({ note, expression: select.text }));
  return {
    id,
    revision,
    title,
    publisher,
    reviewDate,
    document,
    operator,
    statement,
    payer,
    products: {
      nonPreferred: policy.nonPreferred,
      preferred: policy.preferred,
      replacements: policy.replacements,
    },
    appliesTo: policy.appliesTo.text,
    authorized: policy.authorized.text,
    alreadyOrdered: policy.alreadyOrdered.text,
    criteria: policy.criteria.map((criterion) => ({
      id: criterion.id,
      label: criterion.label,
      text: criterion.text,
      decides: criterion.decides,
      documented: rules(criterion.documented),
      supporting: rules(criterion.supporting),
      established: criterion.established?.text,
    })),
    cautions: policy.cautions.map(({ id, overridesException, select }) => ({
      id,
      overridesException,
      expressions: select.map((expression: Expression) => expression.text),
    })),
    unanswered: policy.unanswered.map((expression) => expression.text),
    valueSets: [...policy.terminology.sets.values()],
    history,
  };
}
