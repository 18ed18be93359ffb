// A first look at the records of the chart: which of them may be about something that a policy asks about. Only these are
// given to its expressions, since few records of a patient are, and FHIRPath takes a hundred times as long.
import { codingsOf, type FhirObject, type FhirRecord, isObject } from "./fhir-json.ts";
import { mayBeAbout, mentioned } from "./membership.ts";
import type { Terminology } from "./value-sets.ts";

/** Records of one source that are given to expressions. */
export const MOST_EVALUATED = 500;
/** Names and codes within them. A real record has about ten. */
const MOST_NAMINGS = 5000;
/** Characters of names that are looked at in one call. */
const MOST_CHARACTERS = 8_000_000;
const CODE = 32; // characters that a code counts as

/** What is left to look at in one call, in characters. */
export type Allowance = { characters: number };

export function createAllowance(): Allowance {
  return { characters: MOST_CHARACTERS };
}

type Naming = FhirObject | string;

export type Candidates = {
  /** With the names of the value sets that they may be about. */
  readonly candidates: ReadonlyMap<FhirRecord, ReadonlySet<string>>;
  /** False where the records hold more than is looked at. */
  readonly isWhole: boolean;
};

/** The records that may be about any of the value sets asked about, in their order, as far as the bounds allow. */
export function findCandidates(
  terminology: Terminology,
  asked: ReadonlySet<string>,
  records: readonly FhirRecord[],
  allowance: Allowance,
): Candidates {
  const candidates = new Map<FhirRecord, ReadonlySet<string>>();
  let namings = 0;
  if (asked.size === 0) return { candidates, isWhole: true };
  for (const record of records) {
    const found = namingsOf(record);
    for (const naming of found) allowance.characters -= lengthOf(naming);
    if (allowance.characters < 0) return { candidates, isWhole: false };
    const sets = new Set(
      found.filter((each) => mayBeAbout(terminology, each)).flatMap((each) => [...mentioned(terminology, each)]),
    );
    if (![...sets].some((set) => asked.has(set))) continue;
    namings += found.reduce((sum, naming) => sum + (isObject(naming) ? 1 + codingsOf(naming).length : 1), 0);
    if (candidates.size === MOST_EVALUATED || namings > MOST_NAMINGS) return { candidates, isWhole: false };
    candidates.set(record, sets);
  }
  return { candidates, isWhole: true };
}

/**
 * Whatever may name a drug or substance, at the top of a record or inside its elements: CodeableConcepts (such as
 * AllergyIntolerance.reaction.substance), notes and descriptions.
 */
function namingsOf(record: FhirRecord): Naming[] {
  const namings: Naming[] = [];
  for (const element in record) forEachObject(record[element], (each) => addNamings(each, namings));
  return namings;
}

function addNamings(element: FhirObject, namings: Naming[]): void {
  if (isConcept(element)) namings.push(element);
  if (typeof element.description === "string") namings.push(element.description);
  for (const inner in element) {
    forEachObject(element[inner], (each) => {
      if (isConcept(each)) namings.push(each);
    });
  }
}

/** As objectsIn, but without a list of its own. */
function forEachObject(value: unknown, visit: (value: FhirObject) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) if (isObject(each)) visit(each);
  } else if (isObject(value)) visit(value);
}

function isConcept(value: FhirObject): boolean {
  return typeof value.coding === "object" || typeof value.text === "string";
}

function lengthOf(naming: Naming): number {
  if (typeof naming === "string") return naming.length;
  let length = CODE + lengthOfText(naming.text);
  for (const { display } of codingsOf(naming)) length += CODE + lengthOfText(display);
  return length;
}

function lengthOfText(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}
