// Decides what a policy says to a call: the rows of its decision table, the first that fits wins. Pure: knows neither
// HTTP nor CDS Hooks. The numbers in the comments are the rows of the table in docs/decisions.md.
import { type Change, changeFor, doseOf } from "./change.ts";
import { type Chart, type ChartVariable, chartVariables, isComplete } from "./chart.ts";
import { type Pools, poolRecords, select } from "./evidence.ts";
import type { Expression } from "./expression.ts";
import type { FhirRecord } from "./fhir-json.ts";
import { findGaps, type Gap } from "./gaps.ts";
import { oncePer } from "./once.ts";
import type { Order } from "./order.ts";
import { ordersOf } from "./order.ts";
import { matchPayer, type PayerMatch } from "./payer.ts";
import type { Caution, Criterion, EvidenceRule, Policy } from "./policy.ts";

export type Row =
  | "other-payer" // 2: silent
  | "authorized" // 3: silent
  | "nothing-read" // 4: 412
  | "overriding-caution" // 5
  | "exception-established" // 6a: silent
  | "exception-to-confirm" // 6b
  | "caution" // 7
  | "cautions-unread" // 8
  | "change"; // 9

/** `unknown`: not found, but what could document it was not received, not in full, could not be read, or says that it is not known. */
export type Outcome = "documented" | "supporting" | "not-found" | "unknown";

export type Evidence = { readonly record: FhirRecord; readonly rule: EvidenceRule };

export type CriterionFinding = {
  readonly criterion: Criterion;
  readonly outcome: Outcome;
  readonly evidence: readonly Evidence[];
  /** Sources that the criterion reads. */
  readonly sources: readonly ChartVariable[];
};

export type CautionFinding = { readonly caution: Caution; readonly records: readonly FhirRecord[] };

export type Decision = {
  readonly policy: Policy;
  readonly row: Row;
  readonly payer: PayerMatch;
  /** The orders of the non-preferred product, each with what may be done to it in one click. */
  readonly changes: readonly Change[];
  readonly criteria: readonly CriterionFinding[];
  readonly cautions: readonly CautionFinding[];
  readonly gaps: readonly Gap[];
  /** Orders in the chart beside which a change would make one too many. */
  readonly alreadyOrdered: readonly FhirRecord[];
};

/** The chart variables that a policy reads: what has to be fetched for it. */
export const sourcesRead = oncePer((policy: Policy): ChartVariable[] => {
  const used = new Set([...variablesOf(expressionsOf(policy)), "coverage"]);
  return chartVariables.filter((variable) => used.has(variable));
});

/** Whether the policy speaks about any of the drafts. If not, there is nothing to decide, and no need of the chart. */
export function speaksAbout(policy: Policy, drafts: readonly Order[]): boolean {
  return drafts.some((draft) => ordersOfPolicy(policy, [draft]).length > 0);
}

/** The orders that the policy speaks about. */
export function ordersOfPolicy(policy: Policy, drafts: readonly Order[]): Order[] {
  return ordersOf(policy, policy.nonPreferred.valueSet, drafts);
}

/** Decides for drafts of which at least one is an order that the policy speaks about. */
export function decide(policy: Policy, drafts: readonly Order[], received: Chart): Decision {
  const orders = ordersOfPolicy(policy, drafts);
  const resolved = orders.map((order) => order.resolved);
  const { pools, chart } = poolRecords(policy.terminology, expressionsOf(policy), received, resolved);
  const authorized = select(policy.authorized, pools).length > 0;
  const cautions = findCautions(policy, pools);
  const found = policy.criteria.map((criterion) => findEvidence(criterion, pools));
  const gaps = findGaps(policy, sourcesRead(policy), chart, pools); // when everything was selected: it may show what cannot be read
  const criteria = found.map((finding) => judgeCriterion(finding, gaps));
  const payer = matchPayer(policy, chart.coverage);
  const row = firstRow({ policy, chart, payer, authorized, criteria, cautions, gaps });
  const alreadyOrdered = select(policy.alreadyOrdered, pools);
  const preferred = ordersOf(policy, policy.preferred.valueSet, drafts);
  const others = {
    hasPreferred: preferred.length > 0,
    preferredDoses: dosesInPlace(policy, orders, preferred),
    sameDrug: policy.sameDrug.flatMap((valueSet) => ordersOf(policy, valueSet, drafts)),
    inChart: alreadyOrdered,
  };
  const changes = orders.map((order) => changeFor(policy, order, others, row === "change"));
  return { policy, row, payer, changes, criteria, cautions, gaps, alreadyOrdered };
}

/** The doses of which the preferred product is ordered as often as the other one: each order of it stands in place of one. */
function dosesInPlace(policy: Policy, orders: readonly Order[], preferred: readonly Order[]): Set<string> {
  if (preferred.length === 0) return new Set();
  const byDose = (some: readonly Order[]) => Map.groupBy(some, (order) => doseOf(policy, order));
  const own = byDose(orders);
  const inPlace = [...byDose(preferred)].filter(([dose, same]) => same.length >= (own.get(dose)?.length ?? 0));
  return new Set(inPlace.map(([dose]) => dose).filter((dose) => dose !== undefined));
}

type Findings = Pick<Decision, "policy" | "payer" | "criteria" | "cautions" | "gaps"> & {
  chart: Chart;
  authorized: boolean;
};

function firstRow({ policy, chart, payer, authorized, criteria, cautions, gaps }: Findings): Row {
  if (payer === "other") return "other-payer";
  if (authorized) return "authorized";
  if (clinicalSources(policy).every((source) => chart[source].state !== "read")) return "nothing-read";
  if (cautions.some(({ caution }) => caution.overridesException)) return "overriding-caution";
  const deciding = criteria.filter(({ criterion }) => criterion.decides);
  if (deciding.every(({ outcome }) => outcome === "documented")) {
    return deciding.every(isEstablished) ? "exception-established" : "exception-to-confirm";
  }
  if (cautions.length > 0) return "caution";
  const unread = cautionSources(policy).some(
    (source) => !isComplete(chart[source]) || gaps.some((gap) => gap.source === source),
  );
  return unread ? "cautions-unread" : "change";
}

function isEstablished({ criterion, evidence }: CriterionFinding): boolean {
  const { established } = criterion;
  return !established || evidence.some(({ record }) => isTrue(() => established.evaluate({ evidence: [record] })));
}

function isTrue(evaluate: () => unknown[]): boolean {
  try {
    return evaluate()[0] === true;
  } catch {
    return false;
  }
}

function findCautions(policy: Policy, pools: Pools): CautionFinding[] {
  return policy.cautions
    .map((caution) => ({ caution, records: [...new Set(caution.select.flatMap((each) => select(each, pools)))] }))
    .filter(({ records }) => records.length > 0);
}

type Found = Omit<CriterionFinding, "outcome"> & { readonly grade: "documented" | "supporting" | undefined };

function findEvidence(criterion: Criterion, pools: Pools): Found {
  const sources = criterionSources(criterion);
  const documented = selectByRules(criterion.documented, pools);
  if (documented.length > 0) return { criterion, grade: "documented", evidence: documented, sources };
  const supporting = selectByRules(criterion.supporting, pools);
  return { criterion, grade: supporting.length > 0 ? "supporting" : undefined, evidence: supporting, sources };
}

/** Each record once, with the first rule that selected it. */
function selectByRules(rules: readonly EvidenceRule[], pools: Pools): Evidence[] {
  const found = new Map<FhirRecord, EvidenceRule>();
  for (const rule of rules) {
    for (const record of select(rule.select, pools)) if (!found.has(record)) found.set(record, rule);
  }
  return [...found].map(([record, rule]) => ({ record, rule }));
}

/** Nothing found in a source with a gap is not "no". */
function judgeCriterion({ grade, ...finding }: Found, gaps: readonly Gap[]): CriterionFinding {
  const hasGap = gaps.some(({ source }) => finding.sources.includes(source));
  return { ...finding, outcome: grade ?? (hasGap ? "unknown" : "not-found") };
}

/** Sources that a criterion or caution may be found in: what is read for other orders of the drug alone tells nothing of the patient. */
const clinicalSources = oncePer((policy: Policy) =>
  variablesOf(expressionsOf(policy).filter((expression) => expression !== policy.alreadyOrdered)),
);
const cautionSources = oncePer((policy: Policy) => variablesOf(policy.cautions.flatMap(({ select }) => select)));
const criterionSources = oncePer(({ documented, supporting }: Criterion) =>
  variablesOf([...documented, ...supporting].map((rule) => rule.select)),
);

/** The expressions of a policy that select from the chart. */
export const expressionsOf = oncePer((policy: Policy): Expression[] => {
  const rules = policy.criteria.flatMap((criterion) => [...criterion.documented, ...criterion.supporting]);
  const cautions = policy.cautions.flatMap((caution) => caution.select);
  const { authorized, alreadyOrdered, unanswered } = policy;
  return [authorized, alreadyOrdered, ...rules.map((rule) => rule.select), ...cautions, ...unanswered];
});

function variablesOf(expressions: readonly { readonly variables: readonly string[] }[]): ChartVariable[] {
  const used = new Set(expressions.flatMap(({ variables }) => variables));
  return chartVariables.filter((variable) => variable !== "coverage" && used.has(variable));
}
