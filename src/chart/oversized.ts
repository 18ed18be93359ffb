// Tells records that are larger than any real one. They count as records that could not be understood, so that what one
// record costs is bounded, whatever a client sends.
import { type FhirRecord, isObject } from "../policy/fhir-json.ts";

const MOST_VALUES = 2000; // objects, lists, texts, numbers, however deep
const MOST_TEXT = 100_000; // characters in all
const LONGEST_TEXT = 10_000; // characters

/** Ends where the record is seen to be too large. Its narrative does not count: it may be long, and nothing reads it. */
export function isOversized({ text, ...record }: FhirRecord): boolean {
  const open: unknown[] = [record, isObject(text) ? { ...text, div: "" } : text];
  let values = 0;
  let characters = 0;
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") {
      characters += value.length;
      if (value.length > LONGEST_TEXT || characters > MOST_TEXT) return true;
    }
    if (typeof value !== "object" || value === null) continue;
    const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
    values += inner.length;
    if (values > MOST_VALUES) return true;
    open.push(...inner);
  }
  return false;
}
