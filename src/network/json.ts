// Parses JSON that somebody else wrote, bounded in what it makes: what is nested deeper than any FHIR resource, or holds more values or names
// than any chart, ends no process and holds up nobody. What it costs is counted byte by byte, before anything is made of it.

/** Levels of objects and lists. FHIR resources in a Bundle in a call stay below 30. */
export const MAX_LEVELS = 100;

/**
 * Values, as far as brackets and commas tell: objects, lists, and what stands in them. A chart has one in 20 bytes. 8 MB of empty objects
 * would take two seconds to parse, and twenty times their size in memory.
 */
export const MAX_VALUES = 500_000;

/** Names in one object: none of FHIR has a hundred. To copy or list an object of many takes as long as to parse it, each time. */
export const MAX_NAMES = 1_000;

/** The JSON would cost more than it can be worth. The message says which bound it passes, and nothing of what it holds. */
export class CostlyJson extends Error {
  override readonly name = "CostlyJson";
}

/** @param bytes in UTF-8, with or without a byte order mark @throws SyntaxError, CostlyJson */
export function parseJson(bytes: Uint8Array): unknown {
  watchJson()(bytes);
  return JSON.parse(toText(bytes));
}

export function toText(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hasMark = BYTE_ORDER_MARK.every((byte, at) => buffer[at] === byte);
  return buffer.toString("utf8", hasMark ? BYTE_ORDER_MARK.length : 0);
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
// Of brackets, the square and the curly one differ in one bit. None of these bytes is part of a longer character.
const [QUOTE, BACKSLASH, COMMA, CURLY, OPENS, CLOSES, SHAPE] = [0x22, 0x5c, 0x2c, 0x7b, 0x5b, 0x5d, 0xdf];
const NO_LIMIT = 2 ** 30; // more commas than any text has that is read

/**
 * Looks at the bytes of a JSON text before they are parsed, part by part as they arrive, in one pass. To be called with each part in turn; tells
 * how many values there were so far. @throws CostlyJson
 */
export function watchJson(): (part: Uint8Array) => number {
  let state: State = { level: 0, values: 0, left: NO_LIMIT, isText: false, isEscaped: false };
  const outer = new Int32Array(MAX_LEVELS + 1);
  return (part) => {
    state = lookAt(part, state, outer);
    return state.values;
  };
}

type State = {
  readonly level: number;
  readonly values: number;
  /** Commas that may follow in the object or list that is open: an object has as many fewer as it has names. */
  readonly left: number;
  readonly isText: boolean;
  readonly isEscaped: boolean;
};

/** @param outer what is left to each of the objects and lists around the one that is open */
function lookAt(part: Uint8Array, before: State, outer: Int32Array): State {
  const { length } = part;
  if (length === 0) return before;
  let { level, values, left, isText } = before;
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
      outer[level] = left;
      level += 1;
      values += 1;
      if (level > MAX_LEVELS) throw new CostlyJson(`Nested deeper than ${MAX_LEVELS} levels`);
      left = byte === CURLY ? MAX_NAMES - 1 : NO_LIMIT;
    } else if (byte === COMMA) {
      values += 1;
      left -= 1;
      if (left < 0) throw new CostlyJson(`An object has more than ${MAX_NAMES} names`);
    } else if ((byte & SHAPE) === CLOSES && level > 0) {
      level -= 1;
      left = outer[level] ?? 0;
    }
  }
  if (values > MAX_VALUES) throw new CostlyJson(`More than ${MAX_VALUES} values`);
  return { level, values, left, isText, isEscaped: at > length + 1 };
}
