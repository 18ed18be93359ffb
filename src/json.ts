// Parses JSON that somebody else wrote, bounded in nesting: what is nested deeper than any FHIR resource ends no process.
import { toAsciiJson } from "./json-escapes.ts";

/** Levels of objects and lists. FHIR resources in a Bundle in a call stay below 30. */
export const MOST_LEVELS = 100;

/** The JSON is nested deeper than MOST_LEVELS. */
export class NestedTooDeep extends Error {
  override readonly name = "NestedTooDeep";
}

/** @param bytes in UTF-8, with or without a byte order mark @throws SyntaxError, NestedTooDeep */
export function parseJson(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes)) throw new NestedTooDeep();
  const buffer = asBuffer(bytes);
  const ascii = hasMark(buffer) ? undefined : toAsciiJson(buffer);
  return JSON.parse(ascii ?? toText(buffer));
}

export function toText(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  return buffer.toString("utf8", hasMark(buffer) ? BYTE_ORDER_MARK.length : 0);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hasMark(bytes: Uint8Array): boolean {
  return BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte);
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPENS, CLOSES, BEGINS_TEXT] = [1, 2, 3];

/** What each byte means outside of texts; most mean nothing. None of these bytes is part of a longer character. */
const MEANING = new Uint8Array(256);
for (const bracket of "[{") MEANING[bracket.charCodeAt(0)] = OPENS;
for (const bracket of "]}") MEANING[bracket.charCodeAt(0)] = CLOSES;
MEANING[QUOTE] = BEGINS_TEXT;

/** Looks at the bytes before they are parsed: one pass, without memory. */
function isTooDeep(bytes: Uint8Array): boolean {
  let level = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const meaning = MEANING[bytes[at] ?? 0];
    if (meaning === 0) continue;
    if (meaning === BEGINS_TEXT) at = endOfText(bytes, at);
    else if (meaning === OPENS) {
      level += 1;
      if (level > MOST_LEVELS) return true;
    } else level = Math.max(0, level - 1);
  }
  return false;
}

/** The place of the quote that ends the text which begins at `start`. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
