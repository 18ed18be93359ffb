// Formats text for a terminal.

/** Replaces control and direction characters, since records are untrusted. Keeps line breaks. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, " ");
}

/** A card's Markdown as plain text, without emphasis marks and escapes. */
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

/** Indents each nonempty line. */
export function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}

/** Breaks lines longer than `width` characters between words. */
export function wrap(text: string, width: number): string {
  return text.replace(new RegExp(`(?=.{${width + 1}})(.{1,${width}}) `, "g"), "$1\n");
}
