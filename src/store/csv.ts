// Writes CSV for spreadsheets.

/** RFC 4180. Each cell is written as its text. */
export function csvOf(rows: readonly (readonly unknown[])[]): string {
  return rows.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

/** A text that a spreadsheet would take for a formula is given a quote before it (OWASP, "CSV Injection"). */
function csvCell(value: unknown): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
