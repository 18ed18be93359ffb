// The fenced blocks of a page in Markdown.
import { readFileSync } from "node:fs";

export type Block = { readonly kind: string; readonly text: string; readonly line: number };

export function blocksOf(path: string): Block[] {
  const page = readFileSync(path, "utf8");
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: kind = "", 2: text = "", index }) => ({
    ...{ kind, text },
    line: page.slice(0, index).split("\n").length,
  }));
}
