// Makes a record of the chart ready for the decision: checks that it can be understood and whose it is, and puts what
// its references mean into the record itself, so that expressions need not follow references.
import type { ChartVariable } from "../policy/decision/chart.ts";
import { codingsOf, type FhirObject, type FhirRecord, isObject, objectsIn, textIn } from "../policy/fhir-json.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import { findReferred, type ReferenceIndex } from "./references.ts";
import { isOversized } from "./size.ts";
import { sources } from "./sources.ts";

const MAX_CODINGS = 200; // of a resource that is referred to
export const MAX_REASONS = 50; // that are followed, of one record
const MAX_PAYORS = 50; // that are followed, of one Coverage
const MAX_NAME_LENGTH = 200; // characters of an Organization's name

/** Whether a record can be understood and is the patient's. */
export function judgeRecord(
  variable: ChartVariable,
  record: FhirRecord,
  patientId: string,
): "usable" | "unreadable" | "other-patient" {
  const { ownerElement, saysSomething } = sources[variable];
  const owner = patientIn(record[ownerElement], patientId);
  if (owner && owner !== patientId) return "other-patient";
  if (refers(record) && isOversized(record)) return "unreadable"; // before its references are followed
  const said = saysSomething.some((element) => isObject(record[element]) || objectsIn(record[element]).length > 0);
  const hasStatus = variable === "allergies" || textIn(record.status) !== undefined;
  return owner && said && hasStatus ? "usable" : "unreadable";
}

/**
 * The id of the Patient that a reference means, relative or absolute, or undefined where it means none.
 * @param expected the id that it nearly always is
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
function refers({ resourceType, medicationReference, reasonReference, contained }: FhirRecord): boolean {
  const isReferring = medicationReference !== undefined || reasonReference !== undefined || contained !== undefined;
  return isReferring || resourceType === "Coverage";
}

/** The record, or a copy in which references to a drug, a reason or a payer also say what they mean. */
export function resolveRecord(index: ReferenceIndex, record: FhirRecord): FhirRecord {
  if (!refers(record)) return record;
  if (record.resourceType === "Coverage") return resolvePayors(index, record);
  const resolved: { [element: string]: unknown; resourceType: string } = { ...record };
  if (isObject(record.medicationReference)) {
    resolved.medicationCodeableConcept = drugMeant(index, record, record.medicationReference);
    delete resolved.medicationReference; // FHIRPath reads one medication[x]
  }
  const references = objectsIn(record.reasonReference).slice(0, MAX_REASONS);
  const reasons = references.map((reference) => conceptMeant(index, record, reference));
  if (reasons.length > 0) resolved.reasonCode = [...objectsIn(record.reasonCode), ...reasons];
  const contained = new Map(objectsIn(record.contained).map((each) => [each.id, each.resourceType]));
  for (const element of ["informationSource", "derivedFrom"]) {
    if (element in record) resolved[element] = objectsIn(record[element]).map((each) => withType(contained, each));
  }
  return resolved;
}

/** The reference to a drug of which nothing at hand tells what it is; undefined where all is told. */
export function unresolvedDrug(index: ReferenceIndex, record: FhirRecord): FhirObject | undefined {
  const reference = record.medicationReference;
  return isObject(reference) && !findReferred(index, record, reference) ? reference : undefined;
}

function drugMeant(index: ReferenceIndex, record: FhirRecord, reference: FhirObject): FhirObject {
  const meant = conceptMeant(index, record, reference);
  if (!isObject(record.medicationCodeableConcept)) return meant;
  const own = record.medicationCodeableConcept;
  return { ...meant, text: textIn(own.text) ?? meant.text, coding: [...codingsOf(own), ...codingsOf(meant)] };
}

/**
 * The code of the resource a reference means. Its display is text too, and stands as a coding without a code. One and the same
 * concept for all records that refer to the resource by the same display: what is found out about it is found out once.
 */
function conceptMeant(index: ReferenceIndex, record: FhirRecord, reference: FhirObject): FhirObject {
  const referred = findReferred(index, record, reference);
  const display = textIn(reference.display);
  if (!referred) return conceptOf({}, display);
  // What is larger than any real one tells nothing, its display included: the record counts as unreadable.
  if (objectsIn(objectsIn(referred.code)[0]?.coding).length > MAX_CODINGS || isOversized(referred)) return {};
  const known = meantBy(referred);
  const meant = known.get(display) ?? conceptOf(referred, display);
  known.set(display, meant);
  return meant;
}

/** The concepts that were made of a resource, by the display of what refers to it. */
const meantBy = memoizeByObject((_referred: FhirRecord) => new Map<string | undefined, FhirObject>());

function conceptOf({ code }: FhirObject, display: string | undefined): FhirObject {
  const concept = isObject(code) ? code : {};
  const text = textIn(concept.text) ?? display;
  return { ...(text && { text }), coding: [...codingsOf(concept), ...(display ? [{ display }] : [])] };
}

/** A reference to a contained resource says of what type that is. */
function withType(contained: ReadonlyMap<unknown, unknown>, reference: FhirObject): FhirObject {
  const type = textIn(contained.get(textIn(reference.reference)?.replace(/^#/, "")));
  return type ? { ...reference, type } : reference;
}

/** A payor's display names it; so does the Organization it refers to, if that came along. */
function resolvePayors(index: ReferenceIndex, coverage: FhirRecord): FhirRecord {
  const payor = objectsIn(coverage.payor).map((each, at) => {
    const referred = at < MAX_PAYORS ? findReferred(index, coverage, each) : undefined;
    const name = referred && !isOversized(referred) ? textIn(referred.name) : undefined;
    if (name !== undefined && name.length > MAX_NAME_LENGTH) return each; // none that a payer has
    const names = [textIn(each.display), name];
    const display = names.filter((name) => name !== undefined).join(", ");
    return display ? { ...each, display } : each;
  });
  return { ...coverage, payor };
}

/** Whether the drug of a record, its references resolved, names itself in any way. */
export function namesDrug(record: FhirRecord): boolean {
  const drug = record.medicationCodeableConcept;
  if (!isObject(drug) || textIn(drug.text)) return true;
  return codingsOf(drug).some(({ code, display }) => textIn(code) ?? textIn(display));
}
