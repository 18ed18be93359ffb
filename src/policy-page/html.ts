// Builds HTML: escapes every inserted value unless it comes from `html`.

/** HTML that is safe to insert. Made only by `html`. */
export type Html = { readonly html: string };

type Insert = string | number | undefined | Html | readonly Html[];

export function html(parts: TemplateStringsArray, ...inserts: Insert[]): Html {
  return { html: parts.reduce((page, part, index) => page + write(inserts[index - 1]) + part) };
}

function write(insert: Insert): string {
  if (insert === undefined) return "";
  if (typeof insert === "string" || typeof insert === "number") return escapeHtml(String(insert));
  return "html" in insert ? insert.html : insert.map((each) => each.html).join("");
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
