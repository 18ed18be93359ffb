// Parses JSON that somebody else wrote, bounded in what it makes: what is nested deeper than any FHIR resource, or holds more values than any
// chart, ends no process and holds up nobody.
import { toAsciiJson } from "./json-escapes.ts";

/** Levels of objects and lists. FHIR resources in a Bundle in a call stay below 30. */
export const MOST_LEVELS = 100;

/**
 * Values, as far as brackets and commas tell: objects, lists, and what stands in them. A chart has one in 20 bytes. 8 MB of empty objects
 * would take two seconds to parse, and twenty times their size in memory.
 */
export const MOST_VALUES = 500_000;

/** The JSON would cost more than it can be worth. The message says which bound it passes, and nothing of what it holds. */
export class CostlyJson extends Error {
  override readonly name = "CostlyJson";
}

/** @param bytes in UTF-8, with or without a byte order mark @throws SyntaxError, CostlyJson */
export function parseJson(bytes: Uint8Array): unknown {
  watchJson()(bytes);
  return parseWatched(bytes);
}

/** As parseJson, of bytes that were watched as they arrived. @throws SyntaxError */
export function parseWatched(bytes: Uint8Array): unknown {
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
// Of brackets, the square and the curly one differ in one bit. None of these bytes is part of a longer character.
const [QUOTE, BACKSLASH, COMMA, OPENS, CLOSES, SHAPE] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0xdf];

/**
 * Looks at the bytes of a JSON text before they are parsed, part by part as they arrive: one pass, without memory. To be called with
 * each part in turn. @throws CostlyJson
 */
export function watchJson(): (part: Uint8Array) => void {
  let state: State = { level: 0, values: 0, isText: false, isEscaped: false };
  return (part) => {
    state = lookAt(part, state);
  };
}

type State = { readonly level: number; readonly values: number; readonly isText: boolean; readonly isEscaped: boolean };

function lookAt(part: Uint8Array, before: State): State {
  const { length } = part;
  if (length === 0) return before;
  let { level, values, isText } = before;
  let at = before.isEscaped ? 1 : 0;
  for (; at < length; at += 1) {
    if (isText) {
      while (at < length && part[at] !== QUOTE) at += part[at] === BACKSLASH ? 2 : 1;
      isText = at >= length;
      continue;
    }
    const byte = part[at] ?? 0;
    if (byte === QUOTE) isText = true;
    else if ((byte & SHAPE) === OPENS) {
      level += 1;
      values += 1;
      if (level > MOST_LEVELS) throw new CostlyJson(`Nested deeper than ${MOST_LEVELS} levels`);
    } else if (byte === COMMA) values += 1;
    else if ((byte & SHAPE) === CLOSES && level > 0) level -= 1;
  }
  if (values > MOST_VALUES) throw new CostlyJson(`More than ${MOST_VALUES} values`);
  return { level, values, isText, isEscaped: at > length + 1 };
}
