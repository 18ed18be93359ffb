// Where a text stops being JSON, for whoever has to mend it: the place, never the text there, which may be patient data.

/** @param text that JSON.parse refused with this error */
export function describeFault(text: string, error: Error): string {
  if (text.trim() === "") return "the body is empty";
  const told = / at position (\d+) \(line \d+ column \d+\)$/.exec(error.message)?.[1];
  const position = told === undefined ? findUnexpected(text) : Number(told);
  let [line, start] = [1, 0];
  for (let end = text.indexOf("\n"); end >= 0 && end < position; end = text.indexOf("\n", start)) {
    line += 1;
    start = end + 1;
  }
  return `at position ${position} (line ${line}, column ${position - start + 1})`;
}

const PART = /[ \t\n\r]+|["{}[\]:,]|-?\d[\d.eE+-]*|true|false|null/y;

/** V8 tells the position of every fault but one: where a value is due, and something else comes, or the end. A word is one part. */
function findUnexpected(text: string): number {
  let [before, at] = [":", 0];
  while (at < text.length) {
    PART.lastIndex = at;
    const [part] = PART.exec(text) ?? [];
    const isDue = before === ":" || before === "," || (before === "[" && part !== "]");
    if (part === undefined || (isDue && "}]:,".includes(part))) break;
    at += part.length;
    if (part === '"') {
      while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      at += 1;
    }
    if (part.trim() !== "") before = part;
  }
  return Math.min(at, text.length);
}
