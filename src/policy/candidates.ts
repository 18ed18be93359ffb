// A first look at the records of the chart: which of them may be about something that a policy asks about. Only these are
// given to its expressions, since few records of a patient are, and FHIRPath takes a hundred times as long.
import { codingsOf, type FhirObject, type FhirRecord, isObject, objectsIn, textIn } from "./fhir-json.ts";
import { mayBeAbout, mentioned } from "./membership.ts";
import { IS_ASCII } from "./terms.ts";
import type { Terminology } from "./value-sets.ts";

/** Records of one source that are given to expressions. */
export const MOST_EVALUATED = 500;
/** Names and codes within them. A real record has about ten. */
const MOST_NAMINGS = 15_000;
/** Characters of names that are looked at in one call. */
const MOST_CHARACTERS = 8_000_000;
const CODE = 32; // characters that a code counts as
const EXPANSION = 18; // characters that one not of ASCII may become: U+FDFA

/** What is left to look at in one call, in characters. */
export type Allowance = { characters: number };

export function createAllowance(): Allowance {
  return { characters: MOST_CHARACTERS };
}

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
function namingsOf(record: FhirRecord): (FhirObject | string)[] {
  const namings: (FhirObject | string)[] = [];
  for (const element of Object.values(record).flatMap(objectsIn)) {
    if (isConcept(element)) namings.push(element);
    const description = textIn(element.description);
    if (description) namings.push(description);
    for (const inner of Object.values(element).flatMap(objectsIn)) if (isConcept(inner)) namings.push(inner);
  }
  return namings;
}

function isConcept(value: FhirObject): boolean {
  return typeof value.coding === "object" || typeof value.text === "string";
}

function lengthOf(naming: FhirObject | string): number {
  if (typeof naming === "string") return IS_ASCII.test(naming) ? naming.length : naming.length * EXPANSION;
  const names = [naming.text, ...codingsOf(naming).map(({ display }) => display)];
  return names.reduce((sum: number, name) => sum + CODE + (typeof name === "string" ? lengthOf(name) : 0), 0);
}
