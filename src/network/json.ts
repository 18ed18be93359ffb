// Parses untrusted JSON within limits. JSON nested deeper than any FHIR resource, or with more values or names than any
// chart, neither crashes the process nor blocks it. The cost is counted byte by byte before parsing.

/** Nesting depth of objects and arrays. A FHIR Bundle in a CDS Hooks request stays below 30. */
export const MAX_LEVELS = 100;

/**
 * Values, estimated from brackets and commas. A chart has one per 20 bytes. 8 MB of empty objects would take two
 * seconds to parse and twenty times their size in memory.
 */
export const MAX_VALUES = 500_000;

/**
 * Property names in one object. No FHIR object has a hundred, and copying or listing a large one costs as much as
 * parsing it.
 */
export const MAX_NAMES = 1_000;

/** The JSON is too costly to parse. The message names the limit and nothing of the content. */
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
// Square and curly brackets differ in one bit. None of these bytes occurs inside a multibyte UTF-8 character.
const [QUOTE, BACKSLASH, COMMA, CURLY, OPENS, CLOSES, SHAPE] = [0x22, 0x5c, 0x2c, 0x7b, 0x5b, 0x5d, 0xdf];
const NO_LIMIT = 2 ** 30; // more commas than any accepted body has

/**
 * Checks JSON in one pass before it is parsed. Call the returned function with each chunk as it arrives; it returns the
 * number of values so far. @throws CostlyJson
 */
export function watchJson(): (part: Uint8Array) => number {
  let state: State = { level: 0, values: 0, left: NO_LIMIT, isText: false, isEscaped: false };
  const outer = new Int32Array(MAX_LEVELS + 1);
  return (part) => {
    state = scan(part, state, outer);
    return state.values;
  };
}

type State = {
  readonly level: number;
  readonly values: number;
  /** Commas still allowed in the innermost open object or array. */
  readonly left: number;
  readonly isText: boolean;
  readonly isEscaped: boolean;
};

/** @param outer `left` of each enclosing object or array */
function scan(part: Uint8Array, before: State, outer: Int32Array): State {
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
