// Which value sets of a policy a CodeableConcept belongs to, or may be about: by its codings, and by its names.
import { codingKeys } from "./codings.ts";
import { codingsOf, type FhirObject, namesOf } from "./fhir-json.ts";
import { fitsRule, isSubstance, mentions, mentionsSubstance } from "./terms.ts";
import type { Terminology, ValueSet } from "./value-sets.ts";

/**
 * The names of the value sets that the concept belongs to: by any of its codings; by text only when none of them tells the
 * product. A set that excludes another gives way to it. A name that only mentions a substance makes nothing that substance,
 * whatever code stands beside it.
 */
export function membership(terminology: Terminology, concept: FhirObject): Set<string> {
  const coded = codedSets(terminology, concept);
  const isTold = [...coded].some((name) => !terminology.productNeutral.includes(name));
  const found = isTold ? coded : new Set([...coded, ...setsByText(terminology, namesOf(concept))]);
  const givesWay = ({ excludes }: ValueSet) => excludes.some((excluded) => found.has(excluded));
  const sets = [...terminology.sets.values()].filter(({ name }) => found.has(name));
  const members = sets.filter((set) => !givesWay(set) && !saysMore(terminology, concept, set));
  return new Set(members.map(({ name }) => name));
}

/** The names of the value sets that the concept, or a text, may be about: all that it belongs to or mentions by any name. */
export function mentioned(terminology: Terminology, value: FhirObject | string): Set<string> {
  const names = typeof value === "string" ? [value] : namesOf(value);
  const certain = typeof value === "string" ? [] : membership(terminology, value);
  const coded = typeof value === "string" ? new Set<string>() : codedSets(terminology, value);
  const possible = [...terminology.sets.values()].filter((set) => {
    const rule = set.names;
    return rule && (coded.has(set.name) || names.some((name) => mentionsSubstance(name, rule)));
  });
  return new Set([...certain, ...possible.map(({ name }) => name)]);
}

/** Whether a name that is not the display of one of the set's own codes mentions the substance, and something else. */
function saysMore(terminology: Terminology, concept: FhirObject, { name: set, names: rule }: ValueSet): boolean {
  if (!rule) return false;
  const foreign = codingsOf(concept).filter((coding) => !setsOfCoding(terminology, coding).includes(set));
  return namesOf({ ...concept, coding: foreign }).some(
    (name) => mentions(name, rule.names) && !isSubstance(name, rule),
  );
}

function codedSets(terminology: Terminology, concept: FhirObject): Set<string> {
  return new Set(codingsOf(concept).flatMap((coding) => setsOfCoding(terminology, coding)));
}

function setsOfCoding(terminology: Terminology, coding: FhirObject): readonly string[] {
  const hits = codingKeys(coding)
    .map((key) => terminology.namesByKey.get(key))
    .filter((names) => names !== undefined);
  // An NDC of ten digits without hyphens counts only if exactly one reading of it is a known product.
  return hits.length === 1 && hits[0] ? hits[0] : [];
}

function setsByText(terminology: Terminology, names: string[]): string[] {
  const sets = [...terminology.sets.values()].filter(({ text, names: rule }) => {
    return text.some((each) => fitsRule(names, each)) || (rule && names.some((name) => isSubstance(name, rule)));
  });
  return sets.map(({ name }) => name);
}
