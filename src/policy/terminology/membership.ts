// Finds the value sets of a policy that a CodeableConcept belongs to or only mentions, by its codings and its names.

import { codingsOf, type FhirObject, textIn } from "../fhir-json.ts";
import { memoizeByObject } from "../memoize.ts";
import { codingKeys } from "./codings.ts";
import { isSubstance, matchesRule, mentions, mentionsSubstance } from "./terms.ts";
import type { Texts } from "./texts.ts";
import type { Terminology, ValueSet } from "./value-sets.ts";

/** What a concept means, as names of value sets. */
export type Meaning = {
  /** It is a member of these. */
  readonly members: ReadonlySet<string>;
  /** It is a member of these, or one of its names mentions one. */
  readonly mentioned: ReadonlySet<string>;
  /** One of its codes or texts matches these, regardless of the rest. */
  readonly matched: ReadonlySet<string>;
};

/** What one name means, as names of value sets. */
type NameMeaning = {
  /** It matches a text rule of the set. */
  readonly matches: readonly string[];
  /** It is only the name of a substance of the set. */
  readonly is: readonly string[];
  readonly mentions: readonly string[];
  /** It is the name of a substance of the set, and more. */
  readonly more: readonly string[];
};

const NO_MEANING: Meaning = { members: new Set(), mentioned: new Set(), matched: new Set() };
const MEANS_NOTHING: NameMeaning = { matches: [], is: [], mentions: [], more: [] };

/**
 * The value sets that the concept belongs to: by any of its codings, and by text only if no coding identifies the
 * product. A member of an excluded set is not a member. A name that only mentions a substance makes nothing that
 * substance, whatever its code.
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

/** Memoized by concept, coding, and name: thousands of records may reference one resource. @throws TextBudgetSpent */
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
      return { sets: setsOfCoding(terminology, coding), name: name === undefined ? MEANS_NOTHING : ofName(name) };
    });
    const ofConcept = memoizeByObject((concept: FhirObject): Meaning => {
      const text = textIn(concept.text);
      const own = text === undefined ? [] : [{ sets: [], name: ofName(text) }];
      return combine(terminology, [...own, ...codingsOf(concept).map(ofCoding)].filter(meansAnything));
    });
    return { ofName, ofConcept };
  }),
);

/** The value sets that list a code, and what its display means. */
type CodingMeaning = { readonly sets: readonly string[]; readonly name: NameMeaning };

function meansAnything({ sets, name }: CodingMeaning): boolean {
  return sets.length > 0 || name !== MEANS_NOTHING;
}

function combine(terminology: Terminology, parts: readonly CodingMeaning[]): Meaning {
  if (parts.length === 0) return NO_MEANING;
  const coded = new Set(parts.flatMap(({ sets }) => sets));
  const matches = parts.flatMap(({ name }) => name.matches);
  const isIdentified = [...coded].some((set) => !terminology.productNeutral.includes(set));
  const found = isIdentified ? coded : new Set([...coded, ...matches, ...parts.flatMap(({ name }) => name.is)]);
  const isExcluded = ({ excludes }: ValueSet) => excludes.some((excluded) => found.has(excluded));
  /** The display of one of the set's own codes may say more. */
  const saysMore = (set: string) => parts.some(({ sets, name }) => !sets.includes(set) && name.more.includes(set));
  const sets = [...terminology.sets.values()].filter(({ name }) => found.has(name));
  const members = sets.filter((set) => !isExcluded(set) && !saysMore(set.name)).map(({ name }) => name);
  const codedSubstances = [...coded].filter((set) => terminology.sets.get(set)?.names);
  return {
    members: new Set(members),
    mentioned: new Set([...members, ...codedSubstances, ...parts.flatMap(({ name }) => name.mentions)]),
    matched: new Set([...coded, ...matches]),
  };
}

function readName({ sets, termsByText }: Terminology, name: string, texts: Texts): NameMeaning {
  const folded = texts.fold(name);
  if (!mentions(folded, termsByText)) return MEANS_NOTHING;
  const where = (holds: (set: ValueSet) => boolean | undefined) =>
    [...sets.values()].filter(holds).map((set) => set.name);
  return {
    matches: where(({ text }) => text.some((rule) => matchesRule([folded], rule))),
    is: where(({ names }) => names && isSubstance(folded, names)),
    mentions: where(({ names }) => names && mentionsSubstance(folded, names)),
    more: where(({ names }) => names && mentions(folded, names.names) && !isSubstance(folded, names)),
  };
}

function setsOfCoding(terminology: Terminology, coding: FhirObject): readonly string[] {
  const hits = codingKeys(coding)
    .map((key) => terminology.namesByKey.get(key))
    .filter((names) => names !== undefined);
  // A ten-digit NDC without hyphens counts only if exactly one reading is a known product.
  return hits.length === 1 && hits[0] ? hits[0] : [];
}
