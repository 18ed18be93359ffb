// Locates a JSON syntax error: the position only, never the text there, which may be patient data.

/** @param text that JSON.parse refused with this error */
export function describeFault(text: string, error: Error): string {
  if (text.trim() === "") return "the body is empty";
  const reported = / at position (\d+) \(line \d+ column \d+\)$/.exec(error.message)?.[1];
  const position = reported === undefined ? findUnexpected(text) : Number(reported);
  let [line, start] = [1, 0];
  for (let end = text.indexOf("\n"); end >= 0 && end < position; end = text.indexOf("\n", start)) {
    line += 1;
    start = end + 1;
  }
  return `at position ${position} (line ${line}, column ${position - start + 1})`;
}

const WORDS = ["true", "false", "null"];

/**
 * V8 reports every position but one: where a value is expected and something else, or the end, is found. Scans by
 * character, since a regular expression over millions of them can overflow the stack.
 */
function findUnexpected(text: string): number {
  let [before, at] = [":", 0];
  while (at < text.length) {
    const character = text[at] ?? "";
    if (" \t\n\r".includes(character)) {
      at += 1;
      continue;
    }
    const expectsValue = before === ":" || before === "," || (before === "[" && character !== "]");
    const word = WORDS.find((each) => text.startsWith(each, at));
    if (character === '"') at = endOfString(text, at);
    else if (word !== undefined) at += word.length;
    else if ((expectsValue ? "{[-0123456789" : "{[]}:,-+.eE0123456789").includes(character)) at += 1;
    else break;
    before = character;
  }
  return Math.min(at, text.length);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
