// Which value sets of a policy a CodeableConcept belongs to, or only mentions: by its codings, and by its names.

import { codingsOf, type FhirObject, textIn } from "../fhir-json.ts";
import { memoizeByObject } from "../memoize.ts";
import { codingKeys } from "./codings.ts";
import { fitsRule, isSubstance, mentions, mentionsSubstance } from "./terms.ts";
import type { Texts } from "./texts.ts";
import type { Terminology, ValueSet } from "./value-sets.ts";

/** What a concept says, as names of value sets. */
export type Meaning = {
  /** It is one of these. */
  readonly members: ReadonlySet<string>;
  /** It is one of these, or a name of it mentions one. */
  readonly mentioned: ReadonlySet<string>;
  /** A code or a text of it tells one of these, whatever else it says. */
  readonly told: ReadonlySet<string>;
};

/** What one name says, as names of value sets. */
type NameMeaning = {
  /** A text rule of the set fits. */
  readonly fits: readonly string[];
  /** Nothing but the name of a substance of the set. */
  readonly is: readonly string[];
  readonly mentions: readonly string[];
  /** The name of a substance of the set, and more. */
  readonly more: readonly string[];
};

const NO_MEANING: Meaning = { members: new Set(), mentioned: new Set(), told: new Set() };
const SAYS_NOTHING: NameMeaning = { fits: [], is: [], mentions: [], more: [] };

/**
 * The value sets that the concept belongs to: by any of its codings; by text only when none of them tells the product. A set that
 * excludes another gives way to it. A name that only mentions a substance makes nothing that substance, whatever code stands beside it.
 * @throws TextBudgetSpent
 */
export function membership(terminology: Terminology, concept: FhirObject, texts: Texts): ReadonlySet<string> {
  return meaningOf(terminology, concept, texts).members;
}

/** The value sets that the concept, or a text, belongs to or mentions. @throws TextBudgetSpent */
export function mentioned(terminology: Terminology, value: FhirObject | string, texts: Texts): ReadonlySet<string> {
  return typeof value === "string"
    ? new Set(meaningOfName(terminology, texts)(value).mentions)
    : meaningOf(terminology, value, texts).mentioned;
}

/** Worked out once for each concept, coding and name of a request: thousands of records may refer to one resource. @throws TextBudgetSpent */
export function meaningOf(terminology: Terminology, concept: FhirObject, texts: Texts): Meaning {
  return meanings(texts)(terminology).ofConcept(concept);
}

function meaningOfName(terminology: Terminology, texts: Texts): (name: string) => NameMeaning {
  return meanings(texts)(terminology).ofName;
}

const meanings = memoizeByObject((texts: Texts) =>
  memoizeByObject((terminology: Terminology) => {
    const byName = new Map<string, NameMeaning>();
    const ofName = (name: string): NameMeaning => {
      const meaning = byName.get(name) ?? readName(terminology, name, texts);
      byName.set(name, meaning);
      return meaning;
    };
    const ofCoding = memoizeByObject((coding: FhirObject): CodingMeaning => {
      const name = textIn(coding.display);
      return { sets: setsOfCoding(terminology, coding), name: name === undefined ? SAYS_NOTHING : ofName(name) };
    });
    const ofConcept = memoizeByObject((concept: FhirObject): Meaning => {
      const text = textIn(concept.text);
      const own = text === undefined ? [] : [{ sets: [], name: ofName(text) }];
      return combine(terminology, [...own, ...codingsOf(concept).map(ofCoding)].filter(saysAnything));
    });
    return { ofName, ofConcept };
  }),
);

/** The value sets that list a code, and what its display says. */
type CodingMeaning = { readonly sets: readonly string[]; readonly name: NameMeaning };

function saysAnything({ sets, name }: CodingMeaning): boolean {
  return sets.length > 0 || name !== SAYS_NOTHING;
}

function combine(terminology: Terminology, said: readonly CodingMeaning[]): Meaning {
  if (said.length === 0) return NO_MEANING;
  const coded = new Set(said.flatMap(({ sets }) => sets));
  const fits = said.flatMap(({ name }) => name.fits);
  const isTold = [...coded].some((set) => !terminology.productNeutral.includes(set));
  const found = isTold ? coded : new Set([...coded, ...fits, ...said.flatMap(({ name }) => name.is)]);
  const givesWay = ({ excludes }: ValueSet) => excludes.some((excluded) => found.has(excluded));
  /** The display of one of the set's own codes may say what it likes. */
  const saysMore = (set: string) => said.some(({ sets, name }) => !sets.includes(set) && name.more.includes(set));
  const sets = [...terminology.sets.values()].filter(({ name }) => found.has(name));
  const members = sets.filter((set) => !givesWay(set) && !saysMore(set.name)).map(({ name }) => name);
  const codedSubstances = [...coded].filter((set) => terminology.sets.get(set)?.names);
  return {
    members: new Set(members),
    mentioned: new Set([...members, ...codedSubstances, ...said.flatMap(({ name }) => name.mentions)]),
    told: new Set([...coded, ...fits]),
  };
}

function readName({ sets, termsByText }: Terminology, name: string, texts: Texts): NameMeaning {
  const folded = texts.fold(name);
  if (!mentions(folded, termsByText)) return SAYS_NOTHING;
  const where = (holds: (set: ValueSet) => boolean | undefined) =>
    [...sets.values()].filter(holds).map((set) => set.name);
  return {
    fits: where(({ text }) => text.some((rule) => fitsRule([folded], rule))),
    is: where(({ names }) => names && isSubstance(folded, names)),
    mentions: where(({ names }) => names && mentionsSubstance(folded, names)),
    more: where(({ names }) => names && mentions(folded, names.names) && !isSubstance(folded, names)),
  };
}

function setsOfCoding(terminology: Terminology, coding: FhirObject): readonly string[] {
  const hits = codingKeys(coding)
    .map((key) => terminology.namesByKey.get(key))
    .filter((names) => names !== undefined);
  // An NDC of ten digits without hyphens counts only if exactly one reading of it is a known product.
  return hits.length === 1 && hits[0] ? hits[0] : [];
}
