// Draft orders: which of them a policy speaks about, and at what strength.

import { rememberAlike } from "./alike.ts";
import { codingKeys } from "./codings.ts";
import { codingsOf, type FhirObject, type FhirRecord, isObject, namesOf } from "./fhir-json.ts";
import { membership } from "./membership.ts";
import { oncePer } from "./once.ts";
import type { Policy, Replacement } from "./policy.ts";
import { fitsRule, fold } from "./terms.ts";

/** A draft MedicationRequest: as the client sent it, and with its references to medication and reason resolved. */
export type Order = { readonly asSent: FhirRecord; readonly resolved: FhirRecord };

/** The drug of a record whose references are resolved. */
export function drugOf(record: FhirRecord): FhirObject | undefined {
  return isObject(record.medicationCodeableConcept) ? record.medicationCodeableConcept : undefined;
}

/** The drafts that order the product of the value set and that the policy applies to. */
export function ordersOf(policy: Policy, valueSet: string, drafts: readonly Order[]): Order[] {
  return drafts.filter(({ resolved }) => {
    const drug = drugOf(resolved);
    return drug !== undefined && membership(policy.terminology, drug).has(valueSet) && appliesTo(policy)(resolved);
  });
}

/** Whether a policy applies to an order; the same order is asked about when it is looked for and when it is decided. */
const appliesTo = oncePer((policy: Policy) => {
  const alike = rememberAlike(policy.appliesTo);
  return oncePer((order: FhirRecord): boolean => {
    try {
      return alike(order);
    } catch {
      return false; // an order that the expression cannot read is not one that it selects
    }
  });
});

/**
 * What may be ordered instead at the drug's strength, in the policy's order: several are a choice. None when the strength is not
 * certain: by the codes of the strengths' value sets, by text where no code tells. Two strengths, or a code and a text that disagree, are none.
 */
export function replacementsFor(policy: Policy, drug: FhirObject): readonly Replacement[] {
  return replacementsOf(policy)(drug);
}

/** Told once of each drug, to which many orders may refer. */
const replacementsOf = oncePer(({ replacements, terminology }: Policy) =>
  oncePer((drug: FhirObject): readonly Replacement[] => {
    const sets = codingsOf(drug)
      .flatMap(codingKeys)
      .flatMap((key) => terminology.namesByKey.get(key) ?? []);
    const names = namesOf(drug).map(fold);
    const found = replacements.filter(({ valueSet }) => {
      const rules = terminology.sets.get(valueSet)?.text ?? [];
      return sets.includes(valueSet) || rules.some((rule) => fitsRule(names, rule));
    });
    const strengths = new Set(found.map(({ valueSet }) => valueSet));
    return strengths.size === 1 ? found : [];
  }),
);
