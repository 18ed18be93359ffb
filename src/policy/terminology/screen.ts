// Rules records out before FHIRPath, which takes a hundred times longer: finds the value sets that a record may match,
// by its codes and the words of its names. One index covers all policies; one table lists where records name a drug or
// substance.
import { type ChartVariable, chartVariables } from "../decision/chart.ts";
import { type FhirObject, type FhirRecord, isObject } from "../fhir-json.ts";
import { expressionsOf, type Policy } from "../format/policy.ts";
import { memoizeByObject } from "../memoize.ts";
import { codingKeys, mayBeNdc } from "./codings.ts";
import { isAscii, longestWord, MAX_WEIGHT, type TextRule, weightOf, words } from "./terms.ts";
import { TextBudgetSpent, type Texts } from "./texts.ts";
import type { ValueSet } from "./value-sets.ts";

/** Draft orders and chart records except coverages, each of which may name the payer. */
export type Screened = "orders" | Exclude<ChartVariable, "coverage">;

/** The value sets that a record may match, by policy. Empty if no policy can use the record. */
export type Matches = ReadonlyMap<Policy, ReadonlySet<string>>;

/** Serves one request: each text is matched once. */
export type Screen = {
  /** @param record with references resolved @throws TextBudgetSpent */
  record(variable: Screened, record: FhirRecord): Matches;
  /** Whether a text, such as the display of a reference, may match a value set that a policy uses. */
  mayName(variable: Screened, text: string): boolean;
};

type Hit = { readonly policy: Policy; readonly set: string };
/** A folded term and the value sets that it may match. */
type Term = { readonly words: string; readonly hits: Hit[] };

type Index = {
  /** By code without its system, and by NDC product. */
  readonly byCode: ReadonlyMap<string, readonly Hit[]>;
  /** By the longest word of each term, for the value sets in use. */
  readonly byWord: Readonly<Record<Screened, ReadonlyMap<string, readonly Term[]>>>;
};

const NOTHING: readonly Hit[] = [];
const NO_MATCH: Matches = new Map();
const screened: readonly Screened[] = ["orders", ...chartVariables.filter((variable) => variable !== "coverage")];

export function createScreen(policies: readonly Policy[], texts: Texts): Screen {
  const { byCode, byWord } = indexPolicies(policies);
  const known = Object.fromEntries(screened.map((variable) => [variable, new Map<string, readonly Hit[]>()]));

  function hitsOf(variable: Screened, text: string): readonly Hit[] {
    const ofVariable = known[variable] as Map<string, readonly Hit[]>;
    const before = ofVariable.get(text);
    if (before) return before;
    const hits = findHits(byWord[variable], text, texts);
    ofVariable.set(text, hits);
    return hits;
  }

  return {
    mayName(variable, text) {
      try {
        return hitsOf(variable, text).length > 0;
      } catch (error) {
        if (error instanceof TextBudgetSpent) return true; // not ruled out
        throw error;
      }
    },
    record(variable, record) {
      let found: Map<Policy, Set<string>> | undefined;
      const add = (hits: readonly Hit[]) => {
        for (const { policy, set } of hits) {
          found ??= new Map();
          const sets = found.get(policy);
          if (sets) sets.add(set);
          else found.set(policy, new Set([set]));
        }
      };
      visitNames(variable, record, {
        text: (text) => add(hitsOf(variable, text)),
        coding: (coding) => add(hitsOfCoding(byCode, coding)),
      });
      return found ?? NO_MATCH;
    },
  };
}

type Visit = { readonly text: (text: string) => void; readonly coding: (coding: FhirObject) => void };

/** The table of where a record names a drug or substance. */
function visitNames(variable: Screened, record: FhirRecord, visit: Visit): void {
  if (variable !== "allergies") visitConcept(record.medicationCodeableConcept, visit);
  else visitAllergy(record, visit);
}

function visitAllergy(record: FhirRecord, visit: Visit): void {
  visitConcept(record.code, visit);
  visitNotes(record.note, visit);
  forEachObject(record.reaction, ({ substance, description, note }) => {
    visitConcept(substance, visit);
    if (typeof description === "string") visit.text(description);
    visitNotes(note, visit);
  });
}

function visitConcept(concept: unknown, visit: Visit): void {
  forEachObject(concept, ({ text, coding }) => {
    if (typeof text === "string") visit.text(text);
    forEachObject(coding, (each) => {
      visit.coding(each);
      if (typeof each.display === "string") visit.text(each.display);
    });
  });
}

function visitNotes(notes: unknown, visit: Visit): void {
  forEachObject(notes, ({ text }) => {
    if (typeof text === "string") visit.text(text);
  });
}

/** Like objectsIn, but without allocating a list: a chart has tens of thousands of these. */
function forEachObject(value: unknown, visit: (value: FhirObject) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) if (isObject(each)) visit(each);
  } else if (isObject(value)) visit(value);
}

function hitsOfCoding(byCode: Index["byCode"], coding: FhirObject): readonly Hit[] {
  const { code } = coding;
  if (typeof code !== "string") return NOTHING;
  const hits = byCode.get(code) ?? byCode.get(code.trim()) ?? NOTHING;
  return hits.length === 0 && mayBeNdc(code) ? codingKeys(coding).flatMap((key) => byCode.get(key) ?? NOTHING) : hits;
}

const WORD = /[a-z0-9]+/g;
const ANY_WORD = /[\p{L}\p{N}]+/gu;

function findHits(byWord: ReadonlyMap<string, readonly Term[]>, text: string, texts: Texts): readonly Hit[] {
  const isPlain = isAscii(text);
  // A text larger than any real one is not folded: it matches everything, and its record counts as unreadable.
  if (!isPlain && weightOf(text) > MAX_WEIGHT)
    return [...byWord.values()].flatMap((terms) => terms.flatMap(({ hits }) => hits));
  if (isPlain) {
    texts.spend(text);
    if (termsAmong(byWord, text.toLowerCase().match(WORD)).length === 0) return NOTHING;
  }
  const folded = texts.fold(text).words;
  const terms = termsAmong(byWord, folded.match(ANY_WORD));
  return terms.flatMap((term) => (holds(folded, term.words) ? term.hits : NOTHING));
}

/** The terms whose longest word, singular or plural, is among the words found. */
function termsAmong(byWord: ReadonlyMap<string, readonly Term[]>, found: readonly string[] | null): readonly Term[] {
  const terms: Term[] = [];
  for (const word of found ?? []) {
    const singular = word.endsWith("s") ? byWord.get(word.slice(0, -1)) : undefined;
    for (const some of [byWord.get(word), singular]) if (some) terms.push(...some);
  }
  return terms;
}

function holds(folded: string, term: string): boolean {
  return folded.includes(` ${term} `) || folded.includes(` ${term}s `);
}

const indexPolicies = memoizeByObject((policies: readonly Policy[]): Index => {
  const byCode = new Map<string, Hit[]>();
  for (const policy of policies) {
    for (const [set, keys] of codesOf(policy)) for (const key of keys) addTo(byCode, key, { policy, set });
  }
  const byWord = screened.map((variable) => [variable, indexWords(policies, variable)] as const);
  return { byCode, byWord: Object.fromEntries(byWord) as Record<Screened, Map<string, Term[]>> };
});

function* codesOf({ terminology }: Policy): Generator<[set: string, keys: Set<string>]> {
  for (const { name, concepts } of terminology.sets.values()) {
    yield [name, new Set(concepts.flatMap((concept) => [concept.code.trim(), ...codingKeys(concept)]))];
  }
}

function indexWords(policies: readonly Policy[], variable: Screened): Map<string, Term[]> {
  const byWords = new Map<string, Term>();
  for (const policy of policies) {
    for (const name of setsUsed(policy, variable)) {
      const set = policy.terminology.sets.get(name);
      for (const term of set ? termsOf(set) : []) {
        const folded = words(term).trim();
        const known = byWords.get(folded) ?? { words: folded, hits: [] };
        known.hits.push({ policy, set: name });
        byWords.set(folded, known);
      }
    }
  }
  const byWord = new Map<string, Term[]>();
  for (const term of byWords.values()) addTo(byWord, longestWord(term.words), term);
  return byWord;
}

/** The value sets that expressions use for records of the variable; for draft orders, those of the products. */
function setsUsed(policy: Policy, variable: Screened): Set<string> {
  if (variable === "orders")
    return new Set([policy.nonPreferred.valueSet, policy.preferred.valueSet, ...policy.sameDrug]);
  const expressions = expressionsOf(policy).filter(({ variables }) => variables.includes(variable));
  return new Set(expressions.flatMap(({ valueSets }) => valueSets));
}

/** Every text that may match the value set contains at least one of these terms. */
function* termsOf({ text, names }: ValueSet): Generator<string> {
  for (const rule of text) yield* termsOfRule(rule);
  yield* names?.names ?? [];
}

/** If all of several terms must occur, the one with the longest word represents them. */
function termsOfRule({ all, any }: TextRule): readonly string[] {
  const [rarest] = all.toSorted((a, b) => longestWord(b).length - longestWord(a).length);
  return rarest === undefined ? any : [rarest];
}

function addTo<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
