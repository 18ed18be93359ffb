// Prepares a chart record for the decision: checks that it is usable and whose it is, and copies referenced resources
// into it, so that expressions need not follow references.
import type { ChartVariable } from "../policy/decision/chart.ts";
import { codingsOf, type FhirObject, type FhirRecord, isObject, objectsIn, textIn } from "../policy/fhir-json.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import { findReferenced, type ReferenceIndex } from "./references.ts";
import { isOversized } from "./size.ts";
import { sources } from "./sources.ts";

const MAX_CODINGS = 200; // of a referenced resource
export const MAX_REASONS = 50; // resolved for one record
const MAX_PAYORS = 50; // resolved for one Coverage
const MAX_NAME_LENGTH = 200; // characters of an Organization's name

/** Whether a record is usable and belongs to the patient. */
export function judgeRecord(
  variable: ChartVariable,
  record: FhirRecord,
  patientId: string,
): "usable" | "unreadable" | "other-patient" {
  const { ownerElement, contentElements } = sources[variable];
  const owner = patientIn(record[ownerElement], patientId);
  if (owner && owner !== patientId) return "other-patient";
  if (hasReferences(record) && isOversized(record)) return "unreadable"; // before its references are resolved
  const hasContent = contentElements.some((element) => objectsIn(record[element]).length > 0);
  const hasStatus = variable === "allergies" || textIn(record.status) !== undefined;
  return owner && hasContent && hasStatus ? "usable" : "unreadable";
}

/**
 * The id of the Patient in a relative or absolute reference, or undefined.
 * @param expected the usual id, matched first without a regular expression
 */
export function patientIn(reference: unknown, expected: string): string | undefined {
  if (!isObject(reference)) return undefined;
  const { reference: target } = reference;
  if (typeof target !== "string") return undefined;
  if (target.length === PATIENT.length + expected.length && target.endsWith(expected) && target.startsWith(PATIENT))
    return expected;
  return /(?:^|\/)Patient\/([^/]+)(?:\/_history\/[^/]+)?$/.exec(target.trim())?.[1];
}

const PATIENT = "Patient/";

/** Whether resolving the record may change anything. */
function hasReferences({ resourceType, medicationReference, reasonReference, contained }: FhirRecord): boolean {
  const hasAny = medicationReference !== undefined || reasonReference !== undefined || contained !== undefined;
  return hasAny || resourceType === "Coverage";
}

/** The record, or a copy with its references to drugs, reasons, and payers resolved in place. */
export function resolveRecord(index: ReferenceIndex, record: FhirRecord): FhirRecord {
  if (!hasReferences(record)) return record;
  if (record.resourceType === "Coverage") return resolvePayors(index, record);
  const resolved: { [element: string]: unknown; resourceType: string } = { ...record };
  if (isObject(record.medicationReference)) {
    resolved.medicationCodeableConcept = resolveDrug(index, record, record.medicationReference);
    delete resolved.medicationReference; // FHIRPath reads one medication[x]
  }
  const references = objectsIn(record.reasonReference).slice(0, MAX_REASONS);
  const reasons = references.map((reference) => resolveConcept(index, record, reference));
  if (reasons.length > 0) resolved.reasonCode = [...objectsIn(record.reasonCode), ...reasons];
  const contained = new Map(objectsIn(record.contained).map((each) => [each.id, each.resourceType]));
  for (const element of ["informationSource", "derivedFrom"]) {
    if (element in record) resolved[element] = objectsIn(record[element]).map((each) => withType(contained, each));
  }
  return resolved;
}

/** The record's drug reference if its target was not received. */
export function unresolvedDrug(index: ReferenceIndex, record: FhirRecord): FhirObject | undefined {
  const reference = record.medicationReference;
  return isObject(reference) && !findReferenced(index, record, reference) ? reference : undefined;
}

function resolveDrug(index: ReferenceIndex, record: FhirRecord, reference: FhirObject): FhirObject {
  const referenced = resolveConcept(index, record, reference);
  if (!isObject(record.medicationCodeableConcept)) return referenced;
  const own = record.medicationCodeableConcept;
  const coding = [...codingsOf(own), ...codingsOf(referenced)];
  return { ...referenced, text: textIn(own.text) ?? referenced.text, coding };
}

/**
 * The code of the referenced resource. The reference's display is added as a coding without a code. Records that
 * reference the resource with the same display share one concept object, so that it is evaluated once.
 */
function resolveConcept(index: ReferenceIndex, record: FhirRecord, reference: FhirObject): FhirObject {
  const referenced = findReferenced(index, record, reference);
  const display = textIn(reference.display);
  if (!referenced) return conceptOf({}, display);
  // An oversized resource yields nothing, not even its display, so the record counts as unreadable.
  if (objectsIn(objectsIn(referenced.code)[0]?.coding).length > MAX_CODINGS || isOversized(referenced)) return {};
  const known = conceptsByDisplay(referenced);
  const concept = known.get(display) ?? conceptOf(referenced, display);
  known.set(display, concept);
  return concept;
}

const conceptsByDisplay = memoizeByObject((_referenced: FhirRecord) => new Map<string | undefined, FhirObject>());

function conceptOf({ code }: FhirObject, display: string | undefined): FhirObject {
  const concept = isObject(code) ? code : {};
  const text = textIn(concept.text) ?? display;
  return { ...(text && { text }), coding: [...codingsOf(concept), ...(display ? [{ display }] : [])] };
}

/** Adds the type of the contained resource to a reference. */
function withType(contained: ReadonlyMap<unknown, unknown>, reference: FhirObject): FhirObject {
  const type = textIn(contained.get(textIn(reference.reference)?.replace(/^#/, "")));
  return type ? { ...reference, type } : reference;
}

/** Adds the name of each payor's Organization, if it was received, to the payor's display. */
function resolvePayors(index: ReferenceIndex, coverage: FhirRecord): FhirRecord {
  const payor = objectsIn(coverage.payor).map((each, at) => {
    const organization = at < MAX_PAYORS ? findReferenced(index, coverage, each) : undefined;
    const name = organization && !isOversized(organization) ? textIn(organization.name) : undefined;
    if (name !== undefined && name.length > MAX_NAME_LENGTH) return each; // no real name
    const names = [textIn(each.display), name];
    const display = names.filter((name) => name !== undefined).join(", ");
    return display ? { ...each, display } : each;
  });
  return { ...coverage, payor };
}

/** Whether the drug of a resolved record has any code or text. */
export function namesDrug(record: FhirRecord): boolean {
  const drug = record.medicationCodeableConcept;
  if (!isObject(drug) || textIn(drug.text)) return true;
  return codingsOf(drug).some(({ code, display }) => textIn(code) ?? textIn(display));
}
