// Reads FHIR JSON that nobody has validated: every element may be absent, of another type, or a single value where
// FHIR wants a list. Knows no resource in particular.

/** Any JSON object. Element values are unknown until looked at. */
export type FhirObject = { readonly [element: string]: unknown };

/** A JSON object that says which resource it is. */
export type FhirRecord = FhirObject & { readonly resourceType: string };

export function isObject(value: unknown): value is FhirObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isRecord(value: unknown): value is FhirRecord {
  return isObject(value) && typeof value.resourceType === "string";
}

/** The objects of an element, whether it came as a list or (as some EHRs send it) as a single object. */
export function objectsIn(value: unknown): FhirObject[] {
  if (Array.isArray(value)) return value.filter(isObject);
  return isObject(value) ? [value] : [];
}

/** A string with something in it, or undefined. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** `Type/id` of a record, or undefined where it has no id. */
export function referenceTo(record: FhirRecord): string | undefined {
  const id = textIn(record.id);
  return id && `${record.resourceType}/${id}`;
}

/** The codings of a CodeableConcept. */
export function codingsOf(concept: FhirObject): FhirObject[] {
  return objectsIn(concept.coding);
}

/** Every text by which a CodeableConcept names itself: its own text first, then the displays of its codings. */
export function namesOf(concept: FhirObject): string[] {
  return [concept.text, ...codingsOf(concept).map((coding) => coding.display)]
    .map(textIn)
    .filter((name) => name !== undefined);
}

/** Every string anywhere in a value, texts and codes alike. */
export function textsWithin(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsWithin) : [];
}
