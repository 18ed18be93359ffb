// A policy, loaded and compiled: what the other files of this room work with.
import { type ChartVariable, chartVariables } from "../decision/chart.ts";
import type { Expression } from "../fhirpath/expression.ts";
import type { Template } from "../fhirpath/template.ts";
import { memoizeByObject } from "../memoize.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import type { PolicyFile } from "./policy-file.ts";

/** One expression that selects evidence, what the card writes of it, and a note that it adds. */
export type EvidenceRule = { readonly select: Expression; readonly show: Template; readonly note: string | undefined };

export type Criterion = {
  readonly id: string;
  readonly label: string;
  /** How a sentence names what has to be documented. */
  readonly inShort: string;
  readonly text: string;
  /** Whether the exception depends on it; one that does not is shown only. */
  readonly decides: boolean;
  readonly documented: readonly EvidenceRule[];
  readonly supporting: readonly EvidenceRule[];
  /** True for evidence that leaves nothing to be checked. Absent where documented is always enough. */
  readonly established: Expression | undefined;
  readonly wouldCount: string | undefined;
  readonly reminder: string | undefined;
  /** What the card says of an outcome, where its usual word does not fit. */
  readonly words: PolicyFile["criteria"][number]["words"];
};

export type Caution = {
  readonly id: string;
  /** Whether it speaks even when the exception is documented. */
  readonly overridesException: boolean;
  /** Whether it is shown beside a documented exception: not where it speaks of the other product. */
  readonly shownWithException: boolean;
  readonly select: readonly Expression[];
  readonly text: Template;
};

/** A preferred product at one strength. `valueSet` holds whatever tells that strength; several of one strength are a choice. */
export type Replacement = PolicyFile["products"]["replacements"][number];

export type CardTexts = { readonly [Text in keyof PolicyFile["card"]["texts"]]: Template };

export type Policy = Pick<
  PolicyFile,
  "title" | "publisher" | "reviewDate" | "document" | "statement" | "history" | "payer"
> & {
  readonly id: string;
  /** Review date and the first 12 hex digits of a SHA-256 over the folder. */
  readonly revision: string;
  readonly nonPreferred: PolicyFile["products"]["nonPreferred"];
  readonly preferred: PolicyFile["products"]["preferred"];
  readonly replacements: readonly Replacement[];
  readonly terminology: Terminology;
  /** Selects, from %orders, the orders of the non-preferred product that the policy applies to. */
  readonly appliesTo: Expression;
  /** Selects the orders for which the plan has already given prior authorization. */
  readonly authorized: Expression;
  /** Selects the orders in the chart beside which a change would make one too many. */
  readonly alreadyOrdered: Expression;
  readonly criteria: readonly Criterion[];
  readonly cautions: readonly Caution[];
  /** Select the records that say that nothing is known, or nothing at all: as good as not read. */
  readonly unanswered: readonly Expression[];
  /** Value sets of the same drug that are not for certain one of the products. */
  readonly sameDrug: readonly string[];
  readonly texts: CardTexts;
  readonly topic: PolicyFile["card"]["topic"];
  readonly overrideReasons: PolicyFile["card"]["overrideReasons"];
};

/** The expressions of a policy that select from the chart. */
export const expressionsOf = memoizeByObject((policy: Policy): Expression[] => {
  const rules = policy.criteria.flatMap((criterion) => [...criterion.documented, ...criterion.supporting]);
  const cautions = policy.cautions.flatMap((caution) => caution.select);
  const { authorized, alreadyOrdered, unanswered } = policy;
  return [authorized, alreadyOrdered, ...rules.map((rule) => rule.select), ...cautions, ...unanswered];
});

/** The chart variables that a policy reads: what has to be fetched for it. */
export const sourcesRead = memoizeByObject((policy: Policy): ChartVariable[] => {
  return chartVariables.filter(
    (variable) => variable === "coverage" || readsOf(expressionsOf(policy)).includes(variable),
  );
});

/** Sources that a criterion or caution may be found in: what is read for other orders of the drug alone tells nothing of the patient. */
export const clinicalSources = memoizeByObject((policy: Policy) =>
  readsOf(expressionsOf(policy).filter((expression) => expression !== policy.alreadyOrdered)),
);

export const cautionSources = memoizeByObject((policy: Policy) =>
  readsOf(policy.cautions.flatMap(({ select }) => select)),
);

export const criterionSources = memoizeByObject(({ documented, supporting }: Criterion) =>
  readsOf([...documented, ...supporting].map((rule) => rule.select)),
);

function readsOf(expressions: readonly Expression[]): ChartVariable[] {
  const used = new Set(expressions.flatMap(({ variables }) => variables));
  return chartVariables.filter((variable) => variable !== "coverage" && used.has(variable));
}
