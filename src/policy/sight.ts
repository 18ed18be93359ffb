// The first look at a record of the chart, as it is read: whether it can count for a policy at all. Nearly none of a patient's
// records can, and those are told in less than a microsecond each, before anything is made of them.
import type { ChartVariable } from "./chart.ts";
import { chartVariables } from "./chart.ts";
import { expressionsOf } from "./decide.ts";
import type { FhirObject, FhirRecord } from "./fhir-json.ts";
import { mayBeListed } from "./membership.ts";
import { needsOf } from "./needs.ts";
import { oncePer } from "./once.ts";
import type { Policy } from "./policy.ts";
import type { Requirement } from "./requirements.ts";
import { mayMention } from "./terms.ts";
import type { Terminology } from "./value-sets.ts";

/** False only for a record, its references resolved, that no policy can count. */
export type Sight = (variable: ChartVariable, record: FhirRecord) => boolean;

/** Levels of elements below a record's own in which a name may stand: `reaction.substance` is one below. */
const LEVELS = 2;

/** For one call: texts that recur in it, as the names of a patient's few drugs do, are looked at once. */
export function createSight(policies: readonly Policy[]): Sight {
  const looks = policies.map((policy) => ({ ask: asksOf(policy), namesIn: namesFor(policy.terminology) }));
  return (variable, record) => {
    if (variable === "coverage") return true; // each may tell the payer
    for (const { ask, namesIn } of looks) {
      const { elements, requirements } = ask[variable];
      if (namesIn(record, elements, LEVELS)) return true;
      for (const isMet of requirements) if (isMet(record)) return true;
    }
    return false;
  };
}

type Ask = {
  /** Where a record may name what value sets are asked about. */
  readonly elements: ReadonlySet<string>;
  /** Of expressions that ask about no value set. */
  readonly requirements: readonly Requirement[];
};

const asksOf = oncePer((policy: Policy): Readonly<Record<ChartVariable, Ask>> => {
  const ask = (variable: ChartVariable): Ask => {
    const asking = expressionsOf(policy).filter(({ variables }) => variables.includes(variable));
    const free = asking.filter(({ valueSets }) => valueSets.length === 0);
    return {
      elements: new Set(asking.flatMap((each) => needsOf(each).naming)),
      requirements: free.flatMap((each) => needsOf(each).requirements.get(variable) ?? []),
    };
  };
  return Object.fromEntries(chartVariables.map((each) => [each, ask(each)])) as Record<ChartVariable, Ask>;
});

/** Whether anything in these elements of an object may name something that the value sets know. */
function namesFor(terminology: Terminology) {
  const texts = new Map<string, boolean>();
  const tells = (text: string): boolean => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    const told = mayMention(text, terminology.termsByText);
    texts.set(text, told);
    return told;
  };
  const names = (value: unknown, elements: ReadonlySet<string>, levels: number): boolean => {
    if (typeof value === "string") return tells(value);
    if (typeof value !== "object" || value === null) return false;
    if (Array.isArray(value)) {
      for (const each of value) if (names(each, elements, levels)) return true;
      return false;
    }
    const { text, coding } = value as FhirObject;
    if (typeof text === "string" && tells(text)) return true;
    if (coding !== undefined && codes(coding, text)) return true;
    return codes(value, text) || (levels > 0 && namesIn(value as FhirObject, elements, levels - 1));
  };
  const codes = (value: unknown, text: unknown): boolean => {
    if (Array.isArray(value)) {
      for (const each of value) if (codes(each, text)) return true;
      return false;
    }
    if (typeof value !== "object" || value === null) return false;
    const { display } = value as FhirObject;
    if (typeof display === "string" && display !== text && tells(display)) return true;
    return mayBeListed(terminology, value as FhirObject);
  };
  const namesIn = (holder: FhirObject, elements: ReadonlySet<string>, levels: number): boolean => {
    for (const element in holder) {
      if (elements.has(element) && names(holder[element], elements, levels)) return true;
    }
    return false;
  };
  return namesIn;
}
