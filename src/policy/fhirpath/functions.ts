// The functions that policies have beside those of FHIRPath. Knows FHIR's data types; knows no policy.

import fhirpath from "fhirpath";
import { codingsOf, type FhirObject, isObject, namesOf, objectsIn, textIn } from "../fhir-json.ts";
import { memoizeByObject } from "../memoize.ts";
import { codingKeys } from "../terminology/codings.ts";
import { membership, mentioned } from "../terminology/membership.ts";
import { consistsOf, type Folded, words } from "../terminology/terms.ts";
import type { Texts } from "../terminology/texts.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import { inFuture, inPast, isDate } from "./dates.ts";

/** As fhirpath calls a function: its context holds the variables that the expression was given. */
type Call = { readonly vars: { readonly texts: Texts } };

/**
 * All but `named` take a collection and answer one boolean,
 * false for an empty collection, so that `where(x.inFuture())` never depends on whether the element is there.
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
      (texts) => (value: unknown, word: string) => textsSaid(value, texts).some((text) => isWord(text, word)),
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

/** A function of one text: whether it holds of any item of the collection. */
function someWith(holds: (texts: Texts) => (value: unknown, argument: string) => boolean) {
  return {
    fn(this: Call, items: unknown[], argument: string) {
      const isTrue = holds(this.vars.texts);
      return [items.some((item) => isTrue(fhirpath.util.valData(item), argument))];
    },
    arity: { 1: ["String" as const] },
    internalStructures: true, // so that fhirpath hands over its context
  };
}

/** A text, or every text, display and code of a CodeableConcept. */
function textsSaid(value: unknown, texts: Texts): Folded[] {
  const said = isObject(value) ? [...namesOf(value), ...codingsOf(value).map(({ code }) => code)] : [value];
  return said.filter((each) => typeof each === "string").map(texts.fold);
}

/** Whether the text is that word and no other, case ignored. The pattern is made only for a text that holds the word. */
function isWord(text: Folded, word: string): boolean {
  const wanted = words(word);
  return text.words === wanted || (text.words.includes(wanted.trimEnd()) && consistsOf(text, [word]));
}

/** A Coding is looked up as the CodeableConcept that holds it alone. */
function asConcept(value: FhirObject): FhirObject {
  return "code" in value && !("coding" in value) ? { coding: [value] } : value;
}

/** What a CodeableConcept calls itself; a code without text or display is called as the value sets call it, if they do. */
export function nameOf(terminology: Terminology, concept: unknown): string[] {
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
