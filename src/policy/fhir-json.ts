// Reads unvalidated FHIR JSON: an element may be absent, of the wrong type, or a single value instead of a list. Knows
// no particular resource.

/** Any JSON object. Element values are unknown until checked. */
export type FhirObject = { readonly [element: string]: unknown };

/** A JSON object with a resourceType. */
export type FhirRecord = FhirObject & { readonly resourceType: string };

export function isObject(value: unknown): value is FhirObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isRecord(value: unknown): value is FhirRecord {
  return isObject(value) && typeof value.resourceType === "string";
}

/** The objects of an element, sent as a list or (as some EHRs do) as a single object. */
export function objectsIn(value: unknown): FhirObject[] {
  if (Array.isArray(value)) return value.filter(isObject);
  return isObject(value) ? [value] : [];
}

/** A trimmed, nonempty string, or undefined. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** `Type/id` of a record, or undefined if it has no id. */
export function referenceTo(record: FhirRecord): string | undefined {
  const id = textIn(record.id);
  return id && `${record.resourceType}/${id}`;
}

export function codingsOf(concept: FhirObject): FhirObject[] {
  return objectsIn(concept.coding);
}

/** The text of a CodeableConcept, then the displays of its codings. */
export function namesOf(concept: FhirObject): string[] {
  return [concept.text, ...codingsOf(concept).map((coding) => coding.display)]
    .map(textIn)
    .filter((name) => name !== undefined);
}

/** Every string anywhere in a value, including codes. */
export function textsWithin(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsWithin) : [];
}
