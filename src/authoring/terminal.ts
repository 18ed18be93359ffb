// Writes text for a terminal.

/** Records come from elsewhere: no control or direction characters. Line ends stay. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, " ");
}

/** The Markdown of a card, as a client draws it: without the signs of emphasis, without escapes. */
export function terminalText(markdown: string): string {
  const drawn = markdown
    .replace(/\u200b/g, "")
    .replace(/(?<!\\)\*\*/g, "")
    .replace(/\\([\\`*_[\]~])/g, "$1")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
  return printable(drawn);
}

/** Each line, further in by so many spaces. */
export function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}

/** Each line broken between words where it is longer than `width` characters. */
export function wrap(text: string, width: number): string {
  return text.replace(new RegExp(`(?=.{${width + 1}})(.{1,${width}}) `, "g"), "$1\n");
}
