// Tells records that are larger than any real one. They count as records that could not be understood, so that what one
// record costs is bounded, whatever a client sends.
import { type FhirRecord, isObject } from "../policy/fhir-json.ts";
import { oncePer } from "../policy/once.ts";

const MOST_VALUES = 2000; // objects, lists, texts, numbers, however deep
const MOST_TEXT = 100_000; // characters in all
const LONGEST_TEXT = 10_000; // characters
/** One character that becomes 18 where texts are compared (NFKC). It counts as a page, since few texts have any. */
const LIGATURE = "\uFDFA";
const PAGE = 3000; // characters

type Room = { values: number; characters: number };

/** Told once of each record, to which thousands may refer. Its narrative does not count: it may be long, and nothing reads it. */
export const isOversized = oncePer((record: FhirRecord): boolean => {
  const room = { values: MOST_VALUES, characters: MOST_TEXT };
  for (const element in record) {
    const value = record[element];
    const counted = element === "text" && isObject(value) ? { ...value, div: "" } : value;
    if (!hasRoom(counted, room)) return true;
  }
  return false;
});

/** Takes the value's share of the room. Recursion is bounded by what the service parses (json.ts). */
function hasRoom(value: unknown, room: Room): boolean {
  room.values -= 1;
  if (room.values < 0) return false;
  if (typeof value === "string") {
    if (value.length > LONGEST_TEXT) return false;
    room.characters -= value.length + (value.includes(LIGATURE) ? PAGE * (value.split(LIGATURE).length - 1) : 0);
    return room.characters >= 0;
  }
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((each) => hasRoom(each, room));
  const inner = value as Record<string, unknown>;
  for (const key in inner) if (!hasRoom(inner[key], room)) return false;
  return true;
}
