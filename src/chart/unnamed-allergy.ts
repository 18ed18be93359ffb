// Detects an allergy record that names no substance: it leaves open what the patient is allergic to.
import {
  codingsOf,
  type FhirObject,
  type FhirRecord,
  isObject,
  namesOf,
  objectsIn,
  textIn,
} from "../policy/fhir-json.ts";

/** Whether a current record has no text or display for a substance or drug. Codes are the screen's job. */
export function isUnnamedAllergy({ code, reaction, clinicalStatus, verificationStatus }: FhirRecord): boolean {
  const concepts = [...objectsIn(code), ...objectsIn(reaction).flatMap(({ substance }) => objectsIn(substance))];
  return concepts.flatMap(namesOf).length === 0 && !isOver(clinicalStatus, verificationStatus);
}

/**
 * A contradictory status (active and resolved) counts as current. Codes: FHIR R4, allergyintolerance-clinical and
 * -verification.
 */
function isOver(clinicalStatus: unknown, verificationStatus: unknown): boolean {
  const clinical = wordsIn(clinicalStatus);
  const verification = wordsIn(verificationStatus);
  const hasEnded = (clinical.has("inactive") || clinical.has("resolved")) && !clinical.has("active");
  const isNone = verification.has("refuted") || verification.has("entered-in-error");
  return hasEnded || (isNone && !verification.has("confirmed"));
}

/** The texts, displays, and codes of a status: EHRs use any of them. */
function wordsIn(status: unknown): Set<string> {
  const concepts: FhirObject[] = objectsIn(status);
  const words = [...concepts.flatMap(namesOf), ...concepts.flatMap(codingsOf).map(({ code }) => textIn(code))];
  const given = isObject(status) || Array.isArray(status) ? words : [textIn(status)];
  return new Set(given.flatMap((word) => (word === undefined ? [] : [word.toLowerCase().replace(/[\s_]+/g, "-")])));
}
