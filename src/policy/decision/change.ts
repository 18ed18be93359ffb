// Decides whether an order can be changed to the preferred product in one click, and if not, why. Knows no suggestion
// format.
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

/** The one-click change offered for an order. */
export type Change = {
  readonly order: Order;
  /** The replacements at this strength; several are a choice. None if the strength is uncertain. */
  readonly replacements: readonly Replacement[];
} & (
  | { readonly kind: "replace" }
  /** A draft of a preferred product at the same strength and dosage already exists. */
  | { readonly kind: "remove" }
  /** `withheld`: the decision offers no change; the card states it once for all orders. */
  | { readonly kind: "none"; readonly why: NoChangeReason }
);

/** Other orders of the drug that a change could duplicate. */
export type OtherOrders = {
  /** Whether any draft is of the preferred product. */
  readonly hasPreferred: boolean;
  /** The `doseOf` of those drafts, if there are enough of them to replace every non-preferred order of that dose. */
  readonly preferredDoses: ReadonlySet<string>;
  /** Drafts of the drug that are not clearly one of the products. */
  readonly sameDrug: readonly Order[];
  /** Active orders of either kind in the chart. */
  readonly inChart: readonly FhirRecord[];
};

/** @param offered whether the decision allows a change at all @throws TextBudgetSpent */
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
 * Strength and dosage as one string; undefined if either is not known. A preferred order with the same string equals
 * the result of a change.
 */
export function doseOf(policy: Policy, order: Order, texts: Texts): string | undefined {
  const [replacement] = replacementsOf(policy, order, texts);
  const dosage = objectsIn(order.asSent.dosageInstruction);
  return replacement && dosage.length > 0 ? `${replacement.valueSet} ${stableJson(dosage)}` : undefined;
}

/** JSON with each object's elements sorted by name. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

/**
 * Whether the instructions or notes name the brand: a change would leave it there for the patient or pharmacist to
 * read.
 */
function namesBrand({ nonPreferred }: Policy, { dosageInstruction, note }: FhirRecord, texts: Texts): boolean {
  return textsWithin([dosageInstruction, note]).some((text) => texts.mentions(text, nonPreferred.brandNames));
}

/**
 * Whether the prescriber asked for the brand in words. A mere no-substitution code is dropped, and the card says so.
 */
function wantsBrand({ nonPreferred }: Policy, order: FhirRecord, texts: Texts): boolean {
  const written = textsWithin([order.dosageInstruction, order.note, order.substitution]);
  return [...namesOf(drugOf(order) ?? {}), ...written].some((text) => texts.mentions(text, nonPreferred.brandOnly));
}
