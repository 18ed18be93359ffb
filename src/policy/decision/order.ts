// Finds the draft orders that a policy applies to, and their strengths.
import { type FhirObject, type FhirRecord, isObject } from "../fhir-json.ts";
import type { Policy, Replacement } from "../format/policy.ts";
import { meaningOf, membership } from "../terminology/membership.ts";
import type { Reading } from "../terminology/reading.ts";
import type { Texts } from "../terminology/texts.ts";

/** A draft MedicationRequest, as the client sent it and with its medication and reason references resolved. */
export type Order = { readonly asSent: FhirRecord; readonly resolved: FhirRecord };

/** @param record with references resolved */
export function drugOf(record: FhirRecord): FhirObject | undefined {
  return isObject(record.medicationCodeableConcept) ? record.medicationCodeableConcept : undefined;
}

/** The drafts of a request that concern a policy. */
export type PolicyOrders = {
  readonly policy: Policy;
  /** Of the non-preferred product: what the policy applies to. */
  readonly orders: readonly Order[];
  /** Of a preferred product. */
  readonly preferred: readonly Order[];
  /** Of the same drug, but not clearly one of the products. */
  readonly sameDrug: readonly Order[];
};

/** The orders of each policy that applies to any draft, in the order of the policies. @throws TextBudgetSpent */
export function ordersByPolicy(
  policies: readonly Policy[],
  drafts: readonly Order[],
  reading: Reading,
): PolicyOrders[] {
  const matching = new Map<Policy, Order[]>();
  for (const draft of drafts) {
    for (const policy of reading.screen.record("orders", draft.resolved).keys()) {
      matching.set(policy, [...(matching.get(policy) ?? []), draft]);
    }
  }
  return policies.flatMap((policy) => ordersFor(policy, matching.get(policy) ?? [], reading) ?? []);
}

/** Undefined if the policy applies to none of the drafts. @throws TextBudgetSpent */
export function ordersFor(policy: Policy, drafts: readonly Order[], { texts }: Reading): PolicyOrders | undefined {
  const { nonPreferred, preferred, sameDrug, terminology } = policy;
  const of =
    (...valueSets: string[]) =>
    (order: Order) => {
      const members = membership(terminology, drugOf(order.resolved) ?? {}, texts);
      return valueSets.some((valueSet) => members.has(valueSet));
    };
  if (!drafts.some(of(nonPreferred.valueSet))) return undefined;
  const applied = drafts
    .filter(of(nonPreferred.valueSet, preferred.valueSet, ...sameDrug))
    .filter(({ resolved }) => appliesTo(policy, resolved, texts));
  const orders = applied.filter(of(nonPreferred.valueSet));
  if (orders.length === 0) return undefined;
  return {
    policy,
    orders,
    preferred: applied.filter(of(preferred.valueSet)),
    sameDrug: sameDrug.flatMap((valueSet) => applied.filter(of(valueSet))),
  };
}

/** False for an order that the expression fails on. */
function appliesTo(policy: Policy, order: FhirRecord, texts: Texts): boolean {
  try {
    return policy.appliesTo.evaluate({ orders: [order] }, texts).length > 0;
  } catch {
    return false;
  }
}

/**
 * The replacements at the drug's strength, in the policy's order; several are a choice. The strength comes from the
 * codes and texts of the drug. None if there is no strength or if two disagree.
 * @throws TextBudgetSpent
 */
export function replacementsFor(
  { replacements, terminology }: Policy,
  drug: FhirObject,
  texts: Texts,
): readonly Replacement[] {
  const { matched } = meaningOf(terminology, drug, texts);
  const found = replacements.filter(({ valueSet }) => matched.has(valueSet));
  const strengths = new Set(found.map(({ valueSet }) => valueSet));
  return strengths.size === 1 ? found : [];
}
