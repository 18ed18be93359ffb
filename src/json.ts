// Parses JSON that somebody else wrote, bounded in nesting: what is nested deeper than any FHIR resource ends no process.

/** Levels of objects and lists. FHIR resources in a Bundle in a call stay below 30. */
export const MOST_LEVELS = 100;

/** The JSON is nested deeper than MOST_LEVELS. */
export class NestedTooDeep extends Error {
  override readonly name = "NestedTooDeep";
}

/** @throws SyntaxError, NestedTooDeep */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new NestedTooDeep();
  return JSON.parse(text);
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Looks at the text before it is parsed: one pass, without memory. */
function isTooDeep(text: string): boolean {
  let level = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_OBJECT || code === OPEN_LIST) level += 1;
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) level = Math.max(0, level - 1);
    if (level > MOST_LEVELS) return true;
  }
  return false;
}

/** The place of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}
