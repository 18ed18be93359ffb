// The functions that policies have beside those of FHIRPath. Knows FHIR's data types; knows no policy.
import { codingKeys } from "./codings.ts";
import { inFuture, inPast, isDate } from "./dates.ts";
import { codingsOf, type FhirObject, isObject, namesOf, objectsIn, textIn } from "./fhir-json.ts";
import { membership, mentioned } from "./membership.ts";
import { consistsOf } from "./terms.ts";
import type { Terminology } from "./value-sets.ts";

/**
 * All but `named` take a collection and answer one boolean,
 * false for an empty collection, so that `where(x.inFuture())` never depends on whether the element is there.
 */
export function localFunctions(terminology: Terminology) {
  const setsOf = remember((concept) => membership(terminology, asConcept(concept)));
  const setsMentionedBy = remember((concept) => mentioned(terminology, asConcept(concept)));
  const isMember = (concept: unknown, name: string) => isObject(concept) && setsOf(concept).has(name);
  const mentions = (value: unknown, name: string) =>
    typeof value === "string"
      ? mentioned(terminology, value).has(name)
      : isObject(value) && setsMentionedBy(value).has(name);
  return {
    memberOf: {
      fn: (concepts: unknown[], name: string) => [concepts.some((concept) => isMember(concept, name))],
      arity: { 1: ["String" as const] },
    },
    mentions: {
      fn: (values: unknown[], name: string) => [values.some((value) => mentions(value, name))],
      arity: { 1: ["String" as const] },
    },
    says: {
      fn: (values: unknown[], word: string) => [values.some((value) => says(value, word))],
      arity: { 1: ["String" as const] },
    },
    refersTo: {
      fn: (references: unknown[], type: string) => [references.some((reference) => refersTo(reference, type))],
      arity: { 1: ["String" as const] },
    },
    named: { fn: (concepts: unknown[]) => concepts.flatMap((each) => nameOf(terminology, each)), arity: { 0: [] } },
    inFuture: { fn: (dates: unknown[]) => [dates.some((date) => inFuture(date))], arity: { 0: [] } },
    inPast: { fn: (dates: unknown[]) => [dates.some((date) => inPast(date))], arity: { 0: [] } },
    isDate: { fn: (dates: unknown[]) => [dates.some(isDate)], arity: { 0: [] } },
  };
}

/** Looks at each concept once. */
function remember(look: (concept: FhirObject) => Set<string>): (concept: FhirObject) => Set<string> {
  const known = new WeakMap<object, Set<string>>();
  return (concept) => {
    const found = known.get(concept) ?? look(concept);
    known.set(concept, found);
    return found;
  };
}

/** Whether a text, or any text, display or code of a CodeableConcept, is that word and no other, case ignored. */
function says(value: unknown, word: string): boolean {
  const said = isObject(value) ? [...namesOf(value), ...codingsOf(value).map(({ code }) => code)] : [value];
  return said.some((each) => typeof each === "string" && consistsOf(each, [word]));
}

/** A Coding is looked up as the CodeableConcept that holds it alone. */
function asConcept(value: FhirObject): FhirObject {
  return "code" in value && !("coding" in value) ? { coding: [value] } : value;
}

/** What a CodeableConcept calls itself; a code without text or display is called as the value sets call it, if they do. */
function nameOf(terminology: Terminology, concept: unknown): string[] {
  if (!isObject(concept)) return [];
  const [own] = namesOf(concept);
  const keys = codingsOf(concept).flatMap(codingKeys);
  const [listed] = keys.flatMap((key) => terminology.displayByKey.get(key) ?? []);
  const name = own ?? listed;
  return name ? [name] : [];
}

/** Whether a Reference points at a resource of the type: by its type or by its literal reference, of any version. */
function refersTo(value: unknown, type: string): boolean {
  return objectsIn(value).some((reference) => {
    const literal = /(?:^|\/)([A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(textIn(reference.reference) ?? "");
    return reference.type === type || literal?.[1] === type;
  });
}
