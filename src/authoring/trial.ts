// Evaluates a policy for one request and explains the result. Calls no EHR.
import { type Card, cardFor } from "../cds-hooks/card.ts";
import { type OrderSignCase, readOrderSign } from "../cds-hooks/read-order-sign.ts";
import type { Ehr } from "../chart/ehr.ts";
import { CallError } from "../http/errors.ts";
import { decide, type Row } from "../policy/decision/decide.ts";
import { type Explanation, explain, type Selection } from "../policy/decision/explain.ts";
import type { Gap } from "../policy/decision/gaps.ts";
import { drugOf, type Order, ordersFor } from "../policy/decision/order.ts";
import { codingsOf, namesOf, referenceTo, textIn } from "../policy/fhir-json.ts";
import { nameOf } from "../policy/fhirpath/functions.ts";
import type { Policy } from "../policy/format/policy.ts";
import type { PolicyFile } from "../policy/format/policy-file.ts";
import { membership } from "../policy/terminology/membership.ts";
import type { Reading } from "../policy/terminology/reading.ts";
import type { OpenPolicy } from "./open-policy.ts";
import { findUnusable, type Unusable } from "./unusable.ts";

/** A draft as the policy sees it. */
export type Draft = {
  readonly order: string;
  /** The names on the order, or else the value sets' display of its code. */
  readonly names: readonly string[];
  readonly codes: readonly string[];
  /** The value sets that its drug belongs to. */
  readonly valueSets: readonly string[];
  /** `other-product`: not the non-preferred product. `not-applied`: it is, but `appliesTo` does not select it. */
  readonly standing: "applies" | "other-product" | "not-applied";
};

export type Trial = {
  readonly policy: string;
  readonly revision: string;
  readonly nonPreferred: Policy["nonPreferred"]["valueSet"];
  readonly row: Row | "no-order";
  readonly drafts: readonly Draft[];
  readonly ignored: OrderSignCase["ignored"];
  readonly reads: OrderSignCase["reads"];
  readonly gaps: readonly Gap[];
  readonly unusable: readonly Unusable[];
  /** Absent if the policy applies to none of the drafts. */
  readonly explanation: Explanation | undefined;
  readonly card: Card | undefined;
};

const NO_EHR: Ehr = { open: () => undefined };
const SETTINGS = { baseUrl: "http://127.0.0.1:3000", exceptionCard: false, callDeadline: 60_000 };

/** @throws TypeError if the body is not a valid order-sign request */
export async function tryOn({ policy, written }: OpenPolicy, body: unknown, file: string): Promise<Trial> {
  const { drafts, applicable, chart, reading, ignored, reads } = await readFrom(policy, body, file);
  const [orders] = applicable;
  const decision = orders && decide(orders, chart, reading);
  return {
    policy: policy.id,
    revision: policy.revision,
    nonPreferred: policy.nonPreferred.valueSet,
    row: decision?.row ?? "no-order",
    drafts: drafts.map((order) => describeDraft(policy, order, reading)),
    ignored,
    reads,
    gaps: decision?.gaps ?? [],
    unusable: findUnusable(body),
    explanation: orders && asWritten(explain(orders, chart, reading), written.file),
    card: decision && cardFor(decision, reading.texts, SETTINGS, { replacement: "update", dialect: "standard" }),
  };
}

async function readFrom(policy: Policy, body: unknown, file: string): Promise<OrderSignCase> {
  try {
    return await readOrderSign(body, { ehr: NO_EHR }, { ...SETTINGS, policies: [policy] });
  } catch (error) {
    throw error instanceof CallError ? new TypeError(`${file}: ${error.message}`) : error;
  }
}

/** The explanation with the expressions as written in policy.yaml, where definitions are not expanded. */
function asWritten(explanation: Explanation, { authorized, criteria, cautions }: PolicyFile): Explanation {
  const inWords = <Rule extends Selection>(rules: readonly Rule[], expressions: readonly string[]) =>
    rules.map((rule, at) => ({ ...rule, expression: expressions[at] ?? rule.expression }));
  return {
    ...explanation,
    authorized: { ...explanation.authorized, expression: authorized },
    criteria: explanation.criteria.map((criterion, at) => {
      const { documented = [], supporting = [] } = criteria[at] ?? {};
      const expressions = [...documented, ...supporting].map(({ select }) => select);
      return { ...criterion, rules: inWords(criterion.rules, expressions) };
    }),
    cautions: explanation.cautions.map((caution, at) => ({
      ...caution,
      rules: inWords(caution.rules, cautions[at]?.select ?? []),
    })),
  };
}

function describeDraft(policy: Policy, order: Order, reading: Reading): Draft {
  const drug = drugOf(order.resolved) ?? {};
  const valueSets = [...membership(policy.terminology, drug, reading.texts)];
  const isProduct = valueSets.includes(policy.nonPreferred.valueSet);
  const isApplied = ordersFor(policy, [order], reading) !== undefined;
  return {
    order: referenceTo(order.asSent) ?? "an order without id",
    names: namesOf(drug).length > 0 ? namesOf(drug) : nameOf(policy.terminology, drug),
    codes: codingsOf(drug).flatMap(({ system, code }) => (textIn(code) ? [`${String(system)}|${String(code)}`] : [])),
    valueSets,
    standing: isApplied ? "applies" : isProduct ? "not-applied" : "other-product",
  };
}
