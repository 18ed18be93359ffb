// Finds the line on which a piece of a policy is written, for reports to its author.
import { readdirSync, readFileSync } from "node:fs";
import { join, parse } from "node:path";
import { type Document, isAlias, isCollection, type Node, parseDocument } from "yaml";
import type { Place } from "./mutation/mutants.ts";

/** Tells `file:line` of places in one policy's folder. Each file is read once. */
export function createLocator(folder: string): (place: Place) => string {
  const known = new Map<string, { text: string; document: Document.Parsed }>();
  return ({ valueSet, path, piece }) => {
    const file = valueSet === undefined ? join(folder, "policy.yaml") : fileOfSet(folder, valueSet);
    const read = known.get(file) ?? readDocument(file);
    known.set(file, read);
    const [start, end] = rangeOf(read.document, path);
    const within = piece === undefined ? 0 : read.text.slice(start, end).search(pattern(piece));
    const line = read.text.slice(0, start + Math.max(within, 0)).split("\n").length;
    return `${file}:${line}`;
  };
}

function readDocument(file: string) {
  const text = readFileSync(file, "utf8");
  return { text, document: parseDocument(text, { schema: "failsafe" }) };
}

function fileOfSet(folder: string, set: string): string {
  const directory = join(folder, "value-sets");
  return join(directory, readdirSync(directory).find((file) => parse(file).name === set) ?? set);
}

/** Where the node at the end of the path begins and ends; as far along the path as there are nodes. */
function rangeOf(document: Document.Parsed, path: Place["path"]): [number, number] {
  let node: Node | null = document.contents;
  for (const step of path) {
    const held = isAlias(node) ? node.resolve(document) : node;
    const next: unknown = isCollection(held) ? held.get(step, true) : undefined;
    if (next === undefined || next === null) break;
    node = next as Node;
  }
  return [node?.range?.[0] ?? 0, node?.range?.[2] ?? 0];
}

/** The piece as a whole, however its words are spread over lines. */
function pattern(piece: string): RegExp {
  const words = piece.split(" ").map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?<![\\w-])${words.join("\\s+")}(?![\\w-])`);
}
