// Measures records. One that is larger than any real record counts as unreadable, so that the cost of each is bounded.
import { type FhirRecord, isObject } from "../policy/fhir-json.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import { MAX_WEIGHT, weightOf } from "../policy/terminology/terms.ts";

const MAX_VALUES = 2000; // objects, arrays, strings, numbers, at any depth
const MAX_OBJECTS = 500;

/** What is left of a record's limits. */
type Budget = { values: number; objects: number; characters: number };

/**
 * The number of objects in a record, which determines the time FHIRPath takes; Infinity for an oversized record.
 * Memoized, since thousands of records may reference one. The narrative does not count: it may be long, and nothing
 * reads it.
 */
export const countObjects = memoizeByObject((record: FhirRecord): number => {
  const budget = { values: MAX_VALUES, objects: MAX_OBJECTS, characters: MAX_WEIGHT };
  for (const element in record) {
    const value = record[element];
    const counted = element === "text" && isObject(value) ? { ...value, div: "" } : value;
    if (!spend(counted, budget)) return Number.POSITIVE_INFINITY;
  }
  return MAX_OBJECTS - budget.objects;
});

export function isOversized(record: FhirRecord): boolean {
  return countObjects(record) === Number.POSITIVE_INFINITY;
}

/** @returns false once the budget is spent. Recursion is bounded by the JSON limits (json.ts). */
function spend(value: unknown, budget: Budget): boolean {
  budget.values -= 1;
  if (budget.values < 0) return false;
  if (typeof value === "string") {
    budget.characters -= weightOf(value);
    return budget.characters >= 0;
  }
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((each) => spend(each, budget));
  budget.objects -= 1;
  if (budget.objects < 0) return false;
  const inner = value as Record<string, unknown>;
  for (const key in inner) if (!spend(inner[key], budget)) return false;
  return true;
}
