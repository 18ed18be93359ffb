// The suggestions for one order, in the form that the client can use. Copies the draft and never changes what the client sent.
import { randomUUID } from "node:crypto";
import type { Change } from "../policy/decision/change.ts";
import { codingsOf, type FhirRecord, isObject, objectsIn, referenceTo, textIn } from "../policy/fhir-json.ts";
import { plain } from "../policy/fhirpath/template.ts";
import type { Policy, Replacement } from "../policy/format/policy.ts";
import { systemOid } from "../policy/terminology/codings.ts";

/** What a client can do with a suggestion, as it is registered. */
export type ClientForm = {
  /**
   * How an order is replaced: one `update` of the draft; one suggestion that creates and deletes; two suggestions, one that
   * creates and one that deletes; or in words only.
   */
  readonly replacement: "update" | "delete-create" | "separate" | "none";
  /** `epic`: code systems as OIDs, and a topic of letters and digits. */
  readonly dialect: "standard" | "epic";
};

/** CDS Hooks "Action". */
export type Action =
  | { type: "create" | "update"; description: string; resource: FhirRecord }
  | { type: "delete"; description: string; resourceId: string };

/** CDS Hooks "Suggestion". Its actions are taken together. */
export type Suggestion = { label: string; uuid: string; actions: Action[] };

/** Of one card: more than anybody signs at once. Feedback takes no more as accepted. */
export const MAX_SUGGESTIONS = 50;

/** Whether an order may be changed to any of several products, of which one is to be taken. */
export function isChoice({ kind, replacements }: Change): boolean {
  return kind === "replace" && replacements.length > 1;
}

/**
 * Those of a card's changes that its suggestions make. "At most one" can be said of all suggestions of a card only, and makes a change
 * only where one suggestion is the whole of it: otherwise a choice is left to the words of the card, or both products could be ordered.
 * So are changes beyond MAX_SUGGESTIONS.
 */
export function changesOffered(changes: readonly Change[], { replacement }: ClientForm): ReadonlySet<Change> {
  const possible = changes.filter(({ kind }) => kind !== "none" && replacement !== "none");
  const excludes = possible.length === 1 && replacement !== "separate";
  const most = MAX_SUGGESTIONS / (replacement === "separate" ? 2 : 1);
  return new Set(possible.filter((change) => excludes || !isChoice(change)).slice(0, most));
}

/**
 * One suggestion for each product that may be ordered instead; two in the form `separate`.
 * @param change one that is offered
 * @param ordered how the card names the order: product and strength; plain text
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
      // Clients that take only one of the two take the first: an order too many is seen, an order too few is not.
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

/** What a client that takes nothing but the drug of a created order has to be told. Plain text. */
export function enterAgain(draft: FhirRecord): string {
  const dosages = objectsIn(draft.dosageInstruction).map(({ text, patientInstruction }) => text ?? patientInstruction);
  const written = dosages.map(textIn).filter((dosage) => dosage !== undefined);
  const drafted = plain(written.join("; "));
  // A dose cut short would be another dose; and what looks like HTML is not repeated in a text that clients may draw as such.
  const shown =
    drafted && !drafted.endsWith("…") && !/[<>]/.test(drafted)
      ? `; drafted: ${drafted}`
      : ", as in the order that is replaced";
  return `Dose, quantity and repeats have to be entered again${shown}${/[.!?]$/.test(shown) ? "" : "."}`;
}

/**
 * The draft with the preferred product in place of its drug. What would still speak of the brand goes with it: the
 * contained Medication, the narrative, and what a payer said of the brand (coverage-information).
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

/** An order that is new to the client: what names the old one, or its state, is not copied. */
function asNewOrder({ id, meta, identifier, ...order }: FhirRecord): FhirRecord {
  return { ...order, resourceType: order.resourceType as string, status: "draft" };
}

const COVERAGE_INFORMATION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information";

/** The id by which the draft refers to its drug, with or without "#". */
function drugIdOf(draft: FhirRecord): string | undefined {
  const reference = isObject(draft.medicationReference) ? textIn(draft.medicationReference.reference) : undefined;
  return reference?.split("/").at(-1)?.replace(/^#/, "");
}

/** allowed[x] is a boolean or a code of v3 substanceAdminSubstitution, of which N (none) forbids. */
function forbidsSubstitution({ substitution }: FhirRecord): boolean {
  if (!isObject(substitution)) return false;
  const concept = substitution.allowedCodeableConcept;
  return (
    substitution.allowedBoolean === false || (isObject(concept) && codingsOf(concept).some(({ code }) => code === "N"))
  );
}
