// A policy, loaded and compiled.
import { type ChartVariable, chartVariables } from "../decision/chart.ts";
import type { Expression } from "../fhirpath/expression.ts";
import type { Template } from "../fhirpath/template.ts";
import { memoizeByObject } from "../memoize.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import type { PolicyFile } from "./policy-file.ts";

/** An expression that selects evidence, the text the card shows for each record, and an added note. */
export type EvidenceRule = { readonly select: Expression; readonly show: Template; readonly note: string | undefined };

export type Criterion = {
  readonly id: string;
  readonly label: string;
  /** What has to be documented, as a noun in a sentence. */
  readonly inShort: string;
  readonly text: string;
  /** Whether the exception depends on it; if not, it is only shown. */
  readonly decides: boolean;
  readonly documented: readonly EvidenceRule[];
  readonly supporting: readonly EvidenceRule[];
  /** True if the evidence leaves nothing to check. Absent if documented evidence is always enough. */
  readonly established: Expression | undefined;
  readonly wouldCount: string | undefined;
  readonly reminder: string | undefined;
  /** The card's word for an outcome, if the usual one does not fit. */
  readonly words: PolicyFile["criteria"][number]["words"];
};

export type Caution = {
  readonly id: string;
  /** Whether it applies even if the exception is documented. */
  readonly overridesException: boolean;
  /** Whether it is shown with a documented exception. Not if it concerns the other product. */
  readonly shownWithException: boolean;
  readonly select: readonly Expression[];
  readonly text: Template;
};

/**
 * A preferred product at one strength. `valueSet` identifies the strength; several replacements of one are a choice.
 */
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
  /** Selects from %orders the orders of the products that the policy applies to. */
  readonly appliesTo: Expression;
  /** Selects the orders that already have prior authorization. */
  readonly authorized: Expression;
  /** Selects the orders in the chart that a change would duplicate. */
  readonly alreadyOrdered: Expression;
  readonly criteria: readonly Criterion[];
  readonly cautions: readonly Caution[];
  /** Select the records that say "not known", or nothing: treated as not read. */
  readonly unanswered: readonly Expression[];
  /** Value sets of the same drug that are not clearly one of the products. */
  readonly sameDrug: readonly string[];
  readonly texts: CardTexts;
  readonly topic: PolicyFile["card"]["topic"];
  readonly overrideReasons: PolicyFile["card"]["overrideReasons"];
};

/** The expressions that select from the chart. */
export const expressionsOf = memoizeByObject((policy: Policy): Expression[] => {
  const rules = policy.criteria.flatMap((criterion) => [...criterion.documented, ...criterion.supporting]);
  const cautions = policy.cautions.flatMap((caution) => caution.select);
  const { authorized, alreadyOrdered, unanswered } = policy;
  return [authorized, alreadyOrdered, ...rules.map((rule) => rule.select), ...cautions, ...unanswered];
});

/** The chart variables to read for a policy. */
export const sourcesRead = memoizeByObject((policy: Policy): ChartVariable[] => {
  return chartVariables.filter(
    (variable) => variable === "coverage" || sourcesIn(expressionsOf(policy)).includes(variable),
  );
});

/** The sources of criteria and cautions. A source read only for duplicate orders does not count. */
export const clinicalSources = memoizeByObject((policy: Policy) =>
  sourcesIn(expressionsOf(policy).filter((expression) => expression !== policy.alreadyOrdered)),
);

export const cautionSources = memoizeByObject((policy: Policy) =>
  sourcesIn(policy.cautions.flatMap(({ select }) => select)),
);

export const criterionSources = memoizeByObject(({ documented, supporting }: Criterion) =>
  sourcesIn([...documented, ...supporting].map((rule) => rule.select)),
);

function sourcesIn(expressions: readonly Expression[]): ChartVariable[] {
  const used = new Set(expressions.flatMap(({ variables }) => variables));
  return chartVariables.filter((variable) => variable !== "coverage" && used.has(variable));
}
