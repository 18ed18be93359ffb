// Parses JSON that somebody else wrote, bounded in nesting: what is nested deeper than any FHIR resource ends no process.

/** Levels of objects and lists. FHIR resources in a Bundle in a call stay below 30. */
export const MOST_LEVELS = 100;

/** The JSON is nested deeper than MOST_LEVELS. */
export class NestedTooDeep extends Error {
  override readonly name = "NestedTooDeep";
}

/** @param bytes in UTF-8, with or without a byte order mark @throws SyntaxError, NestedTooDeep */
export function parseJson(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes)) throw new NestedTooDeep();
  return JSON.parse(toText(bytes));
}

export function toText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

const BYTE_ORDER_MARK = 0xfeff;
const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Looks at the bytes before they are parsed: one pass, without memory. None of these bytes is part of a longer character. */
function isTooDeep(bytes: Uint8Array): boolean {
  let level = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      level += 1;
      if (level > MOST_LEVELS) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) level = Math.max(0, level - 1);
  }
  return false;
}
