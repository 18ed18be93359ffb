// The suggestions for one order, in the form that the client supports. The draft is copied, never modified.
import { randomUUID } from "node:crypto";
import type { Change } from "../policy/decision/change.ts";
import { codingsOf, type FhirRecord, isObject, objectsIn, referenceTo, textIn } from "../policy/fhir-json.ts";
import { plain } from "../policy/fhirpath/template.ts";
import type { Policy, Replacement } from "../policy/format/policy.ts";
import { systemOid } from "../policy/terminology/codings.ts";

/** What a client supports, by its registration. */
export type ClientForm = {
  /**
   * How an order is replaced: one `update` of the draft; one suggestion that creates and deletes; separate create and
   * delete suggestions; or text only.
   */
  readonly replacement: "update" | "delete-create" | "separate" | "none";
  /** `epic`: code systems as OIDs, and an alphanumeric topic code. */
  readonly dialect: "standard" | "epic";
};

/** CDS Hooks "Action". */
export type Action =
  | { type: "create" | "update"; description: string; resource: FhirRecord }
  | { type: "delete"; description: string; resourceId: string };

/** CDS Hooks "Suggestion". Its actions apply together. */
export type Suggestion = { label: string; uuid: string; actions: Action[] };

/** Per card: more than anyone signs at once. Feedback accepts no more. */
export const MAX_SUGGESTIONS = 50;

/** Whether the order can be changed to one of several products. */
export function isChoice({ kind, replacements }: Change): boolean {
  return kind === "replace" && replacements.length > 1;
}

/**
 * The changes that a card offers as suggestions; it describes the others in words. `at-most-one` applies to all of a
 * card's suggestions. So a choice between products is offered only as the card's single change, and only if one
 * suggestion makes the whole change: otherwise both products could be ordered. Also capped at MAX_SUGGESTIONS.
 */
export function changesOffered(changes: readonly Change[], { replacement }: ClientForm): ReadonlySet<Change> {
  const possible = changes.filter(({ kind }) => kind !== "none" && replacement !== "none");
  const canExclude = possible.length === 1 && replacement !== "separate";
  const max = MAX_SUGGESTIONS / (replacement === "separate" ? 2 : 1);
  return new Set(possible.filter((change) => canExclude || !isChoice(change)).slice(0, max));
}

/**
 * One suggestion per replacement product; two in the form `separate`.
 * @param change an offered change
 * @param ordered the card's name for the order, in plain text: product and strength
 */
export function suggestionsFor(change: Change, policy: Policy, ordered: string, form: ClientForm): Suggestion[] {
  const resourceId = referenceTo(change.order.asSent);
  if (!resourceId) return [];
  if (change.kind === "remove") {
    const description = `Remove ${ordered}: the preferred product (${policy.preferred.name}) is already among these orders, at the same strength and dosage.`;
    return [suggestion(`Remove ${ordered}, keep the preferred product`, { type: "delete", description, resourceId })];
  }
  return change.replacements.flatMap((each) => replaceBy(each, change.order.asSent, resourceId, ordered, form));
}

function replaceBy(
  replacement: Replacement,
  asSent: FhirRecord,
  resourceId: string,
  ordered: string,
  form: ClientForm,
): Suggestion[] {
  const { display } = replacement;
  const resource = replaceDrug(asSent, replacement, form);
  const lifted = forbidsSubstitution(asSent) ? " The instruction not to substitute is removed." : "";
  const instead = `Order ${display} instead of ${ordered}.`;
  const asDrafted = `${instead} Dose, quantity, repeats and reason stay as drafted.${lifted}`;
  const remove: Action = { type: "delete", description: `Remove ${ordered}, replaced by ${display}.`, resourceId };
  switch (form.replacement) {
    case "update":
      return [suggestion(`Change to ${display}`, { type: "update", description: asDrafted, resource })];
    case "delete-create": {
      // Clients that apply only one action apply the first: an extra order is noticed, a missing one is not.
      const create: Action = { type: "create", description: asDrafted, resource: asNewOrder(resource) };
      return [suggestion(`Change to ${display}`, create, remove)];
    }
    case "separate": {
      const description = `${instead} ${enterAgain(asSent)}${lifted}`;
      const create: Action = { type: "create", description, resource: asNewOrder(resource) };
      return [suggestion(`Order ${display}`, create), suggestion(`Remove ${ordered}`, remove)];
    }
    case "none":
      return [];
  }
}

function suggestion(label: string, ...actions: Action[]): Suggestion {
  return { label, uuid: randomUUID(), actions };
}

/** For clients that keep only the drug of a created order. Plain text. */
export function enterAgain(draft: FhirRecord): string {
  const dosages = objectsIn(draft.dosageInstruction).map(({ text, patientInstruction }) => text ?? patientInstruction);
  const written = dosages.map(textIn).filter((dosage) => dosage !== undefined);
  const drafted = plain(written.join("; "));
  // A truncated dose would be another dose. Text that looks like HTML is not repeated, since clients may render it.
  const shown =
    drafted && !drafted.endsWith("…") && !/[<>]/.test(drafted)
      ? `; drafted: ${drafted}`
      : ", as in the order that is replaced";
  return `Dose, quantity and repeats have to be entered again${shown}${/[.!?]$/.test(shown) ? "" : "."}`;
}

/**
 * The draft with the preferred product as its drug. What still refers to the brand is removed: the contained
 * Medication, the narrative, and the payer's coverage-information.
 */
function replaceDrug(draft: FhirRecord, { system, code, display }: Replacement, { dialect }: ClientForm): FhirRecord {
  const { text, substitution, contained, extension, medicationReference, ...kept } = draft;
  const drug = drugIdOf(draft);
  const otherContained = objectsIn(contained).filter(
    (each) => !(each.resourceType === "Medication" && each.id === drug),
  );
  const otherExtensions = objectsIn(extension).filter(({ url }) => url !== COVERAGE_INFORMATION);
  const coding = { system: dialect === "epic" ? systemOid(system) : system, code, display };
  return {
    ...kept,
    ...(otherContained.length > 0 && { contained: otherContained }),
    ...(otherExtensions.length > 0 && { extension: otherExtensions }),
    ...(substitution !== undefined && !forbidsSubstitution(draft) && { substitution }),
    medicationCodeableConcept: { coding: [coding], text: display },
  };
}

/** A new order: the draft's ids, metadata, and status are not copied. */
function asNewOrder({ id, meta, identifier, ...order }: FhirRecord): FhirRecord {
  return { ...order, resourceType: order.resourceType as string, status: "draft" };
}

const COVERAGE_INFORMATION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information";

/** The id in the draft's medicationReference, without "#". */
function drugIdOf(draft: FhirRecord): string | undefined {
  const reference = isObject(draft.medicationReference) ? textIn(draft.medicationReference.reference) : undefined;
  return reference?.split("/").at(-1)?.replace(/^#/, "");
}

/** allowed[x]: a boolean, or a v3 substanceAdminSubstitution code, where N (none) forbids. */
function forbidsSubstitution({ substitution }: FhirRecord): boolean {
  if (!isObject(substitution)) return false;
  const concept = substitution.allowedCodeableConcept;
  return (
    substitution.allowedBoolean === false || (isObject(concept) && codingsOf(concept).some(({ code }) => code === "N"))
  );
}
