// The suggestion for one order: one action, the only form that every known client can use. Copies the draft and never
// changes what the client sent.
import { randomUUID } from "node:crypto";
import type { Change } from "../policy/change.ts";
import { codingsOf, type FhirRecord, isObject, objectsIn, referenceTo, textIn } from "../policy/fhir-json.ts";
import type { Policy, Replacement } from "../policy/policy.ts";

/** CDS Hooks "Action". */
export type Action =
  | { type: "create" | "update"; description: string; resource: FhirRecord }
  | { type: "delete"; description: string; resourceId: string };

/** CDS Hooks "Suggestion". */
export type Suggestion = { label: string; uuid: string; actions: [Action] };

/** @param ordered how the card names the order: product and strength */
export function suggestionFor(change: Change, policy: Policy, ordered: string): Suggestion | undefined {
  const { asSent } = change.order;
  const reference = referenceTo(asSent);
  if (change.kind === "none" || !reference) return undefined;
  if (change.kind === "remove") {
    const description = `Remove ${ordered}: ${policy.preferred.name} of the same strength and dosage are already among these orders.`;
    return suggestion(`Remove ${ordered}, keep the generic`, { type: "delete", description, resourceId: reference });
  }
  const { replacement } = change;
  const lifted = forbidsSubstitution(asSent) ? " The instruction not to substitute is removed." : "";
  const description = `Order ${replacement.display} instead of ${ordered}. Dose, quantity, repeats and reason stay as drafted.${lifted}`;
  const resource = replaceDrug(asSent, replacement);
  return suggestion(`Change to ${replacement.display}`, { type: "update", description, resource });
}

function suggestion(label: string, action: Action): Suggestion {
  return { label, uuid: randomUUID(), actions: [action] };
}

/**
 * The draft with the preferred product in place of its drug. What would still speak of the brand goes with it: the
 * contained Medication, the narrative, and what a payer said of the brand (coverage-information).
 */
function replaceDrug(draft: FhirRecord, { system, code, display }: Replacement): FhirRecord {
  const { text, substitution, contained, extension, medicationReference, ...kept } = draft;
  const drug = drugIdOf(draft);
  const otherContained = objectsIn(contained).filter(
    (each) => !(each.resourceType === "Medication" && each.id === drug),
  );
  const otherExtensions = objectsIn(extension).filter(({ url }) => url !== COVERAGE_INFORMATION);
  return {
    ...kept,
    ...(otherContained.length > 0 && { contained: otherContained }),
    ...(otherExtensions.length > 0 && { extension: otherExtensions }),
    ...(substitution !== undefined && !forbidsSubstitution(draft) && { substitution }),
    medicationCodeableConcept: { coding: [{ system, code, display }], text: display },
  };
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
