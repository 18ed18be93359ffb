// The size of a record. What is larger than any real record counts as one that could not be understood, so that the cost of one record is
// bounded, whatever a client sends.
import { type FhirRecord, isObject } from "../policy/fhir-json.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import { MAX_WEIGHT, weightOf } from "../policy/terminology/terms.ts";

const MAX_VALUES = 2000; // objects, lists, texts, numbers, however deep
const MAX_OBJECTS = 500;

/** What is left of a record's bounds. */
type Room = { values: number; objects: number; characters: number };

/**
 * The objects in a record, on which the time of FHIRPath depends; Infinity for a record larger than any real one. Measured once for each
 * record, to which thousands may refer. Its narrative does not count: it may be long, and nothing reads it.
 */
export const countObjects = memoizeByObject((record: FhirRecord): number => {
  const room = { values: MAX_VALUES, objects: MAX_OBJECTS, characters: MAX_WEIGHT };
  for (const element in record) {
    const value = record[element];
    const counted = element === "text" && isObject(value) ? { ...value, div: "" } : value;
    if (!hasRoom(counted, room)) return Number.POSITIVE_INFINITY;
  }
  return MAX_OBJECTS - room.objects;
});

export function isOversized(record: FhirRecord): boolean {
  return countObjects(record) === Number.POSITIVE_INFINITY;
}

/** Takes the value's share of the room. Recursion is bounded by what the service parses (json.ts). */
function hasRoom(value: unknown, room: Room): boolean {
  room.values -= 1;
  if (room.values < 0) return false;
  if (typeof value === "string") {
    room.characters -= weightOf(value);
    return room.characters >= 0;
  }
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((each) => hasRoom(each, room));
  room.objects -= 1;
  if (room.objects < 0) return false;
  const inner = value as Record<string, unknown>;
  for (const key in inner) if (!hasRoom(inner[key], room)) return false;
  return true;
}
