// Whether an order can be changed to the preferred product in one click, and if not, why. Knows no form of suggestion.
import { isDeepStrictEqual } from "node:util";
import { type FhirRecord, namesOf, objectsIn, referenceTo, textsWithin } from "./fhir-json.ts";
import { drugOf, type Order, replacementFor } from "./order.ts";
import type { Policy, Replacement } from "./policy.ts";
import { mentions } from "./terms.ts";

export type WhyNot =
  | "withheld"
  | "no-id"
  | "strength-unknown"
  | "brand-only"
  | "brand-in-instructions"
  | "also-ordered"
  | "already-ordered";

/** What may be done to an order. `strength` is undefined where it is not certain. */
export type Change = { readonly order: Order; readonly strength: string | undefined } & (
  | { readonly kind: "replace"; readonly replacement: Replacement }
  /** The preferred product is among the drafts already, at the same strength and dosage. */
  | { readonly kind: "remove" }
  /** `withheld`: the decision offers no change; the card says so once for all orders. */
  | { readonly kind: "none"; readonly why: WhyNot }
);

/** Other orders of the drug, of which a change could make one too many. */
export type OtherOrders = {
  /** Of the preferred product, among the same drafts. */
  readonly preferred: readonly Order[];
  /** Of the drug, but not for certain one of the products, among the same drafts. */
  readonly sameDrug: readonly Order[];
  /** Of either, active in the chart. */
  readonly inChart: readonly FhirRecord[];
};

/** @param offered whether the decision lets the service offer a change at all */
export function changeFor(policy: Policy, order: Order, others: OtherOrders, offered: boolean): Change {
  const replacement = replacementOf(policy, order);
  const known = { order, strength: replacement?.strength };
  const none = (why: WhyNot): Change => ({ ...known, kind: "none", why });
  if (!offered) return none("withheld");
  if (!referenceTo(order.asSent)) return none("no-id");
  if (wantsBrand(policy, order.resolved)) return none("brand-only");
  if (!replacement) return none("strength-unknown");
  if (others.sameDrug.length > 0) return none("also-ordered");
  const { preferred } = others;
  const same = preferred.find((other) => replacementOf(policy, other) === replacement && isSameDosage(other, order));
  if (same) return { ...known, kind: "remove" };
  if (preferred.length > 0) return none("also-ordered");
  if (namesBrand(policy, order.resolved)) return none("brand-in-instructions");
  if (others.inChart.length > 0) return none("already-ordered");
  return { ...known, kind: "replace", replacement };
}

function replacementOf(policy: Policy, order: Order): Replacement | undefined {
  const drug = drugOf(order.resolved);
  return drug && replacementFor(policy, drug);
}

/** Two orders without any dosage are not known to be the same. */
function isSameDosage(one: Order, other: Order): boolean {
  const dosages = [one, other].map(({ asSent }) => objectsIn(asSent.dosageInstruction));
  return dosages.every((dosage) => dosage.length > 0) && isDeepStrictEqual(dosages[0], dosages[1]);
}

/** Whether what the patient or pharmacist will read names the brand: the change would leave it standing there. */
function namesBrand({ nonPreferred }: Policy, { dosageInstruction, note }: FhirRecord): boolean {
  return textsWithin([dosageInstruction, note]).some((text) => mentions(text, nonPreferred.brandNames));
}

/** Whether the prescriber wrote that it has to be the brand. A substitution forbidden by code is dropped, and that is said. */
function wantsBrand({ nonPreferred }: Policy, order: FhirRecord): boolean {
  const written = textsWithin([order.dosageInstruction, order.note, order.substitution]);
  return [...namesOf(drugOf(order) ?? {}), ...written].some((text) => mentions(text, nonPreferred.brandOnly));
}
