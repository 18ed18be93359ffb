// Draft orders: which of them a policy applies to, and at what strength.
import { type FhirObject, type FhirRecord, isObject } from "../fhir-json.ts";
import type { Policy, Replacement } from "../format/policy.ts";
import { meaningOf, membership } from "../terminology/membership.ts";
import type { Reading } from "../terminology/reading.ts";
import type { Texts } from "../terminology/texts.ts";

/** A draft MedicationRequest: as the client sent it, and with its references to medication and reason resolved. */
export type Order = { readonly asSent: FhirRecord; readonly resolved: FhirRecord };

/** The drug of a record whose references are resolved. */
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
  /** Of the same drug, but not for certain one of the products. */
  readonly sameDrug: readonly Order[];
};

/** The orders of each policy that applies to any of the drafts, in the policies' order. @throws TextBudgetSpent */
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

/** Undefined where the policy applies to none of the drafts. @throws TextBudgetSpent */
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

/** An order that the expression cannot read is not one that it selects. */
function appliesTo(policy: Policy, order: FhirRecord, texts: Texts): boolean {
  try {
    return policy.appliesTo.evaluate({ orders: [order] }, texts).length > 0;
  } catch {
    return false;
  }
}

/**
 * What may be ordered instead at the drug's strength, in the policy's order: several are a choice. None when the strength is not
 * certain: by the codes of the strengths' value sets, by text where no code tells. Two strengths, or a code and a text that disagree, are none.
 * @throws TextBudgetSpent
 */
export function replacementsFor(
  { replacements, terminology }: Policy,
  drug: FhirObject,
  texts: Texts,
): readonly Replacement[] {
  const { told } = meaningOf(terminology, drug, texts);
  const found = replacements.filter(({ valueSet }) => told.has(valueSet));
  const strengths = new Set(found.map(({ valueSet }) => valueSet));
  return strengths.size === 1 ? found : [];
}
