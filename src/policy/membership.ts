// Which value sets of a policy a CodeableConcept belongs to, or may be about: by its codings, and by its names.
import { codingKeys, mayBeNdc } from "./codings.ts";
import { codingsOf, type FhirObject, textIn } from "./fhir-json.ts";
import { type Folded, fitsRule, fold, isSubstance, mayMention, mentions, mentionsSubstance } from "./terms.ts";
import type { Terminology, ValueSet } from "./value-sets.ts";

/** What one look at a concept finds: names of value sets. */
export type Look = { readonly members: ReadonlySet<string>; readonly mentioned: ReadonlySet<string> };

/** A name that may tell something, and the value sets that list the code which it is the display of. */
type Name = Folded & { readonly sets: readonly string[] };

const NOTHING: Look = { members: new Set(), mentioned: new Set() };

/**
 * The names of the value sets that the concept belongs to: by any of its codings; by text only when none of them tells the
 * product. A set that excludes another gives way to it. A name that only mentions a substance makes nothing that substance,
 * whatever code stands beside it.
 */
export function membership(terminology: Terminology, concept: FhirObject): ReadonlySet<string> {
  return lookOnce(terminology, concept).members;
}

/** The names of the value sets that the concept, or a text, may be about: all that it belongs to or mentions by any name. */
export function mentioned(terminology: Terminology, value: FhirObject | string): ReadonlySet<string> {
  if (typeof value !== "string") return lookOnce(terminology, value).mentioned;
  return new Set(setsMentioned(terminology, new Set(), foldTelling(terminology, value)));
}

/** Whether the concept or text may be about any value set, told in a fraction of the time: false only where it is about none. */
export function mayBeAbout(terminology: Terminology, value: FhirObject | string): boolean {
  if (typeof value === "string") return mayMention(value, terminology.termsByText);
  if (typeof value.text === "string" && mayMention(value.text, terminology.termsByText)) return true;
  return codingsOf(value).some(
    (coding) =>
      (typeof coding.display === "string" && mayMention(coding.display, terminology.termsByText)) ||
      mayBeListed(terminology, coding),
  );
}

/** Whether a value set may list the coding: false only where none does. */
export function mayBeListed({ codes, namesByKey }: Terminology, coding: FhirObject): boolean {
  const { code } = coding;
  if (typeof code !== "string") return false;
  return codes.has(code.trim()) || (mayBeNdc(code) && codingKeys(coding).some((key) => namesByKey.has(key)));
}

/** Each concept is looked at once, as long as it lives: expressions ask for it again and again. */
function lookOnce(terminology: Terminology, concept: FhirObject): Look {
  const known = terminology.looks.get(concept) ?? look(terminology, concept);
  terminology.looks.set(concept, known);
  return known;
}

function look(terminology: Terminology, concept: FhirObject): Look {
  const codings = codingsOf(concept).map((coding) => ({
    name: textIn(coding.display),
    sets: setsOfCoding(terminology, coding),
  }));
  const coded = new Set(codings.flatMap(({ sets }) => sets));
  const names = [{ name: textIn(concept.text), sets: [] }, ...codings].flatMap(({ name, sets }) =>
    foldTelling(terminology, name ?? "").map((folded): Name => ({ ...folded, sets })),
  );
  if (coded.size === 0 && names.length === 0) return NOTHING;
  const isTold = [...coded].some((name) => !terminology.productNeutral.includes(name));
  const found = isTold ? coded : new Set([...coded, ...setsByText(terminology, names)]);
  const givesWay = ({ excludes }: ValueSet) => excludes.some((excluded) => found.has(excluded));
  const sets = [...terminology.sets.values()].filter(({ name }) => found.has(name));
  const members = sets.filter((set) => !givesWay(set) && !saysMore(names, set)).map(({ name }) => name);
  return {
    members: new Set(members),
    mentioned: new Set([...members, ...setsMentioned(terminology, coded, names)]),
  };
}

/** The name, folded, if it holds any term that tells something; without one it belongs to no set and mentions none. */
function foldTelling({ termsByText }: Terminology, name: string): Folded[] {
  if (!mayMention(name, termsByText)) return [];
  const folded = fold(name);
  return mentions(folded, termsByText) ? [folded] : [];
}

function setsMentioned({ sets }: Terminology, coded: ReadonlySet<string>, names: readonly Folded[]): string[] {
  const about = [...sets.values()].filter(({ name: set, names: rule }) => {
    return rule && (coded.has(set) || names.some((name) => mentionsSubstance(name, rule)));
  });
  return about.map(({ name }) => name);
}

/** Whether a name that is not the display of one of the set's own codes mentions the substance, and something else. */
function saysMore(names: readonly Name[], { name: set, names: rule }: ValueSet): boolean {
  if (!rule) return false;
  return names.some((name) => !name.sets.includes(set) && mentions(name, rule.names) && !isSubstance(name, rule));
}

function setsOfCoding(terminology: Terminology, coding: FhirObject): readonly string[] {
  const hits = codingKeys(coding)
    .map((key) => terminology.namesByKey.get(key))
    .filter((names) => names !== undefined);
  // An NDC of ten digits without hyphens counts only if exactly one reading of it is a known product.
  return hits.length === 1 && hits[0] ? hits[0] : [];
}

function setsByText(terminology: Terminology, names: readonly Folded[]): string[] {
  const sets = [...terminology.sets.values()].filter(({ text, names: rule }) => {
    return text.some((each) => fitsRule(names, each)) || (rule && names.some((name) => isSubstance(name, rule)));
  });
  return sets.map(({ name }) => name);
}
