// Evaluates a policy's decision table for a request; the first matching row wins. Pure: knows neither HTTP nor CDS
// Hooks. The numbers in the comments are the rows of the table in docs/decisions.md.

import type { FhirRecord } from "../fhir-json.ts";
import {
  type Caution,
  type Criterion,
  cautionSources,
  clinicalSources,
  criterionSources,
  type EvidenceRule,
  type Policy,
  sourcesRead,
} from "../format/policy.ts";
import type { Reading } from "../terminology/reading.ts";
import type { Texts } from "../terminology/texts.ts";
import { type Change, changeFor, doseOf } from "./change.ts";
import { type Chart, type ChartVariable, isComplete } from "./chart.ts";
import { type Pool, type Selection, select, selectAny, type Unjudged } from "./evidence.ts";
import { findGaps, type Gap } from "./gaps.ts";
import type { Order, PolicyOrders } from "./order.ts";
import { matchPayer, type PayerMatch } from "./payer.ts";

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

/**
 * `unknown`: not found, but a source that could document it was missing, incomplete, unreadable, or says "not known".
 */
export type Outcome = "documented" | "supporting" | "not-found" | "unknown";

export type Evidence = { readonly record: FhirRecord; readonly rule: EvidenceRule };

export type CriterionFinding = {
  readonly criterion: Criterion;
  readonly outcome: Outcome;
  readonly evidence: readonly Evidence[];
  /** The sources that its rules read. */
  readonly sources: readonly ChartVariable[];
};

export type CautionFinding = { readonly caution: Caution; readonly records: readonly FhirRecord[] };

export type Decision = {
  readonly policy: Policy;
  readonly row: Row;
  readonly payer: PayerMatch;
  /** The orders of the non-preferred product, each with its one-click change. */
  readonly changes: readonly Change[];
  readonly criteria: readonly CriterionFinding[];
  readonly cautions: readonly CautionFinding[];
  readonly gaps: readonly Gap[];
  /** Orders in the chart that a change would duplicate. */
  readonly alreadyOrdered: readonly FhirRecord[];
};

/** @throws TextBudgetSpent if the orders exceed the text budget */
export function decide(applicable: PolicyOrders, chart: Chart, reading: Reading): Decision {
  const { policy, orders } = applicable;
  const { texts } = reading;
  const pool: Pool = { policy, orders: orders.map(({ resolved }) => resolved), chart, reading };
  const authorized = select(policy.authorized, pool);
  const alreadyOrdered = select(policy.alreadyOrdered, pool);
  const unanswered = selectBySource(policy, pool);
  const cautions = policy.cautions.map((caution) => ({ caution, ...selectAny(caution.select, pool) }));
  const found = policy.criteria.map((criterion) => findEvidence(criterion, pool));
  const selections = [authorized, alreadyOrdered, ...unanswered, ...cautions, ...found];
  const gaps = findGaps(sourcesRead(policy), chart, {
    unjudged: selections.flatMap(({ unjudged }) => unjudged),
    unanswered: unanswered.flatMap(({ source, records }) => records.map((record) => ({ source, record }))),
  });
  const findings = {
    ...{ policy, chart, gaps },
    authorized: authorized.records.length > 0,
    payer: matchPayer(policy, chart.coverage, texts),
    criteria: found.map((finding) => judgeCriterion(finding, gaps)),
    cautions: cautions.filter(({ records }) => records.length > 0),
  };
  const row = firstRow(findings, texts);
  const { payer, criteria } = findings;
  const others = {
    hasPreferred: applicable.preferred.length > 0,
    preferredDoses: preferredDoses(applicable, texts),
    sameDrug: applicable.sameDrug,
    inChart: alreadyOrdered.records,
  };
  const changes = orders.map((order) => changeFor(policy, order, others, row === "change", texts));
  return {
    policy,
    row,
    payer,
    changes,
    criteria,
    cautions: findings.cautions,
    gaps,
    alreadyOrdered: alreadyOrdered.records,
  };
}

/** The records of each source that say "not known". */
function selectBySource({ unanswered }: Policy, pool: Pool): (Selection & { readonly source: ChartVariable })[] {
  return sourcesRead(pool.policy).map((source) => {
    return {
      source,
      ...selectAny(
        unanswered.filter(({ variables }) => variables.includes(source)),
        pool,
      ),
    };
  });
}

/** The doses with at least as many preferred as non-preferred orders: each preferred order replaces one. */
function preferredDoses({ policy, orders, preferred }: PolicyOrders, texts: Texts): Set<string> {
  if (preferred.length === 0) return new Set();
  const byDose = (some: readonly Order[]) => Map.groupBy(some, (order) => doseOf(policy, order, texts));
  const own = byDose(orders);
  const enough = [...byDose(preferred)].filter(([dose, same]) => same.length >= (own.get(dose)?.length ?? 0));
  return new Set(enough.map(([dose]) => dose).filter((dose) => dose !== undefined));
}

type Findings = Pick<Decision, "policy" | "payer" | "criteria" | "cautions" | "gaps"> & {
  chart: Chart;
  authorized: boolean;
};

function firstRow({ policy, chart, payer, authorized, criteria, cautions, gaps }: Findings, texts: Texts): Row {
  if (payer === "other") return "other-payer";
  if (authorized) return "authorized";
  if (clinicalSources(policy).every((source) => chart[source].state !== "read")) return "nothing-read";
  if (cautions.some(({ caution }) => caution.overridesException)) return "overriding-caution";
  const deciding = criteria.filter(({ criterion }) => criterion.decides);
  if (deciding.every(({ outcome }) => outcome === "documented")) {
    return deciding.every((finding) => isEstablished(finding, texts))
      ? "exception-established"
      : "exception-to-confirm";
  }
  if (cautions.length > 0) return "caution";
  const unread = cautionSources(policy).some(
    (source) => !isComplete(chart[source]) || gaps.some((gap) => gap.source === source),
  );
  return unread ? "cautions-unread" : "change";
}

function isEstablished({ criterion, evidence }: CriterionFinding, texts: Texts): boolean {
  const { established } = criterion;
  return (
    !established || evidence.some(({ record }) => isTrue(() => established.evaluate({ evidence: [record] }, texts)))
  );
}

function isTrue(evaluate: () => unknown[]): boolean {
  try {
    return evaluate()[0] === true;
  } catch {
    return false;
  }
}

type Found = Omit<CriterionFinding, "outcome"> & {
  readonly grade: "documented" | "supporting" | undefined;
  readonly unjudged: readonly Unjudged[];
};

/** Looks for supporting evidence only if nothing documents the criterion. */
function findEvidence(criterion: Criterion, pool: Pool): Found {
  const sources = criterionSources(criterion);
  const documented = selectByRules(criterion.documented, pool);
  if (documented.evidence.length > 0) return { criterion, grade: "documented", ...documented, sources };
  const supporting = selectByRules(criterion.supporting, pool);
  return {
    ...{ criterion, sources, evidence: supporting.evidence },
    grade: supporting.evidence.length > 0 ? "supporting" : undefined,
    unjudged: [...documented.unjudged, ...supporting.unjudged],
  };
}

/** Each record once, with the first rule that selected it. */
function selectByRules(rules: readonly EvidenceRule[], pool: Pool): Pick<Found, "evidence" | "unjudged"> {
  const found = new Map<FhirRecord, EvidenceRule>();
  const unjudged: Unjudged[] = [];
  for (const rule of rules) {
    const selection = select(rule.select, pool);
    for (const record of selection.records) if (!found.has(record)) found.set(record, rule);
    unjudged.push(...selection.unjudged);
  }
  return { evidence: [...found].map(([record, rule]) => ({ record, rule })), unjudged };
}

/** Finding nothing in a source with a gap is not a "no". */
function judgeCriterion({ grade, unjudged: _, ...finding }: Found, gaps: readonly Gap[]): CriterionFinding {
  const hasGap = gaps.some(({ source }) => finding.sources.includes(source));
  return { ...finding, outcome: grade ?? (hasGap ? "unknown" : "not-found") };
}
