// The functions that policies have in addition to FHIRPath's own. Knows FHIR's data types; knows no policy.

import fhirpath from "fhirpath";
import { codingsOf, type FhirObject, isObject, namesOf, objectsIn, textIn } from "../fhir-json.ts";
import { memoizeByObject } from "../memoize.ts";
import { codingKeys } from "../terminology/codings.ts";
import { membership, mentioned } from "../terminology/membership.ts";
import { consistsOf, type Folded, words } from "../terminology/terms.ts";
import type { Texts } from "../terminology/texts.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import { inFuture, inPast, isDate } from "./dates.ts";

/** The `this` of a function called by fhirpath: the expression's variables. */
type Call = { readonly vars: { readonly texts: Texts } };

/**
 * All but `named` take a collection and return one boolean, false for an empty collection, so that
 * `where(x.inFuture())` works whether or not the element exists.
 */
export const localFunctions = memoizeByObject((terminology: Terminology) => {
  const isMember = (texts: Texts) => (value: unknown, name: string) =>
    isObject(value) && membership(terminology, asConcept(value), texts).has(name);
  const mentions = (texts: Texts) => (value: unknown, name: string) =>
    typeof value === "string"
      ? mentioned(terminology, value, texts).has(name)
      : isObject(value) && mentioned(terminology, asConcept(value), texts).has(name);
  return {
    memberOf: someWith(isMember),
    mentions: someWith(mentions),
    says: someWith(
      (texts) => (value: unknown, word: string) => textsOf(value, texts).some((text) => isWord(text, word)),
    ),
    refersTo: someWith(() => refersTo),
    named: {
      fn: (concepts: unknown[]) => concepts.flatMap((each) => nameOf(terminology, each)),
      arity: { 0: [] },
    },
    inFuture: { fn: (dates: unknown[]) => [dates.some((date) => inFuture(date))], arity: { 0: [] } },
    inPast: { fn: (dates: unknown[]) => [dates.some((date) => inPast(date))], arity: { 0: [] } },
    isDate: { fn: (dates: unknown[]) => [dates.some(isDate)], arity: { 0: [] } },
  };
});

/** A function of one string: whether any item of the collection satisfies it. */
function someWith(holds: (texts: Texts) => (value: unknown, argument: string) => boolean) {
  return {
    fn(this: Call, items: unknown[], argument: string) {
      const isTrue = holds(this.vars.texts);
      return [items.some((item) => isTrue(fhirpath.util.valData(item), argument))];
    },
    arity: { 1: ["String" as const] },
    internalStructures: true, // makes fhirpath pass its context
  };
}

/** A string, or every text, display, and code of a CodeableConcept. */
function textsOf(value: unknown, texts: Texts): Folded[] {
  const values = isObject(value) ? [...namesOf(value), ...codingsOf(value).map(({ code }) => code)] : [value];
  return values.filter((each) => typeof each === "string").map(texts.fold);
}

/** Whether the text is only that word, ignoring case. A pattern is compiled only if the text contains the word. */
function isWord(text: Folded, word: string): boolean {
  const wanted = words(word);
  return text.words === wanted || (text.words.includes(wanted.trimEnd()) && consistsOf(text, [word]));
}

/** Wraps a Coding in a CodeableConcept. */
function asConcept(value: FhirObject): FhirObject {
  return "code" in value && !("coding" in value) ? { coding: [value] } : value;
}

/** The name of a CodeableConcept: its own, or the value sets' display of its code. */
export function nameOf(terminology: Terminology, concept: unknown): string[] {
  if (!isObject(concept)) return [];
  const [own] = namesOf(concept);
  const keys = codingsOf(concept).flatMap(codingKeys);
  const [listed] = keys.flatMap((key) => terminology.displayByKey.get(key) ?? []);
  const name = own ?? listed;
  return name ? [name] : [];
}

/** Whether a Reference is to a resource of the type, by its type or its literal reference (of any version). */
function refersTo(value: unknown, type: string): boolean {
  return objectsIn(value).some((reference) => {
    const literal = /(?:^|\/)([A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(textIn(reference.reference) ?? "");
    return reference.type === type || literal?.[1] === type;
  });
}
