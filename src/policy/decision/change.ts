// Whether an order can be changed to the preferred product in one click, and if not, why. Knows no form of suggestion.
import { type FhirRecord, isObject, namesOf, objectsIn, referenceTo, textsWithin } from "../fhir-json.ts";
import type { Policy, Replacement } from "../format/policy.ts";
import type { Texts } from "../terminology/texts.ts";
import { drugOf, type Order, replacementsFor } from "./order.ts";

export type NoChangeReason =
  | "withheld"
  | "no-id"
  | "strength-unknown"
  | "brand-only"
  | "brand-in-instructions"
  | "also-ordered"
  | "already-ordered";

/** What may be done to an order. */
export type Change = {
  readonly order: Order;
  /** What the policy has ordered instead at this strength: several are a choice of one. None where the strength is not certain. */
  readonly replacements: readonly Replacement[];
} & (
  | { readonly kind: "replace" }
  /** A preferred product is among the drafts already, at the same strength and dosage. */
  | { readonly kind: "remove" }
  /** `withheld`: the decision offers no change; the card says so once for all orders. */
  | { readonly kind: "none"; readonly why: NoChangeReason }
);

/** Other orders of the drug, of which a change could make one too many. */
export type OtherOrders = {
  /** Whether there is any of the preferred product among the same drafts. */
  readonly hasPreferred: boolean;
  /** What `doseOf` says of these orders, where there are enough of them to stand in place of every other order of the dose. */
  readonly preferredDoses: ReadonlySet<string>;
  /** Of the drug, but not for certain one of the products, among the same drafts. */
  readonly sameDrug: readonly Order[];
  /** Of either, active in the chart. */
  readonly inChart: readonly FhirRecord[];
};

/** @param offered whether the decision lets the service offer a change at all @throws TextBudgetSpent */
export function changeFor(policy: Policy, order: Order, others: OtherOrders, offered: boolean, texts: Texts): Change {
  const replacements = replacementsOf(policy, order, texts);
  const known = { order, replacements };
  const none = (why: NoChangeReason): Change => ({ ...known, kind: "none", why });
  if (!offered) return none("withheld");
  if (!referenceTo(order.asSent)) return none("no-id");
  if (wantsBrand(policy, order.resolved, texts)) return none("brand-only");
  if (replacements.length === 0) return none("strength-unknown");
  if (others.sameDrug.length > 0) return none("also-ordered");
  if (others.hasPreferred) {
    const isSame = others.preferredDoses.has(doseOf(policy, order, texts) ?? "");
    return isSame ? { ...known, kind: "remove" } : none("also-ordered");
  }
  if (namesBrand(policy, order.resolved, texts)) return none("brand-in-instructions");
  if (others.inChart.length > 0) return none("already-ordered");
  return { ...known, kind: "replace" };
}

function replacementsOf(policy: Policy, order: Order, texts: Texts): readonly Replacement[] {
  const drug = drugOf(order.resolved);
  return drug ? replacementsFor(policy, drug, texts) : [];
}

/**
 * Strength and dosage as one text; undefined where either is not known. An order of any preferred product with the same text is what
 * a change would make of the order.
 */
export function doseOf(policy: Policy, order: Order, texts: Texts): string | undefined {
  const [replacement] = replacementsOf(policy, order, texts);
  const dosage = objectsIn(order.asSent.dosageInstruction);
  return replacement && dosage.length > 0 ? `${replacement.valueSet} ${inOneOrder(dosage)}` : undefined;
}

/** JSON of the value with the elements of each object in the order of their names. */
function inOneOrder(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

/** Whether what the patient or pharmacist will read names the brand: the change would leave it standing there. */
function namesBrand({ nonPreferred }: Policy, { dosageInstruction, note }: FhirRecord, texts: Texts): boolean {
  return textsWithin([dosageInstruction, note]).some((text) => texts.mentions(text, nonPreferred.brandNames));
}

/** Whether the prescriber wrote that it has to be the brand. A substitution forbidden by code is dropped, and that is said. */
function wantsBrand({ nonPreferred }: Policy, order: FhirRecord, texts: Texts): boolean {
  const written = textsWithin([order.dosageInstruction, order.note, order.substitution]);
  return [...namesOf(drugOf(order) ?? {}), ...written].some((text) => texts.mentions(text, nonPreferred.brandOnly));
}
