// Reads files, folders, and YAML written by operators and authors. Returns every fault with its position: nothing here
// throws or blocks.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { type Document, LineCounter, type Node, parseDocument, visit } from "yaml";

/** Why something could not be read, for whoever has to fix it. */
export type Unread = { readonly why: string };

/** What is at a path, following links. */
export function kindOf(path: string): "file" | "folder" | "other" | "nothing" | Unread {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return "nothing";
    return stat.isFile() ? "file" : stat.isDirectory() ? "folder" : "other";
  } catch (error) {
    return unread(error);
  }
}

/** The text of a regular file. A pipe might never end. */
export function readTextFile(path: string): { readonly text: string } | Unread {
  const kind = kindOf(path);
  if (typeof kind !== "string") return kind;
  if (kind === "nothing") return { why: "is missing" };
  if (kind !== "file") return { why: kind === "folder" ? "is a folder, not a file" : "is not a regular file" };
  try {
    return { text: readFileSync(path, "utf8") };
  } catch (error) {
    return unread(error);
  }
}

/**
 * The sorted names in a folder, without hidden ones such as editors' files and the versions of a mounted ConfigMap.
 * Empty if there is no such folder.
 */
export function listFolder(directory: string): { readonly names: string[] } | Unread {
  if (kindOf(directory) === "nothing") return { names: [] };
  try {
    return {
      names: readdirSync(directory)
        .filter((name) => !name.startsWith("."))
        .sort(),
    };
  } catch (error) {
    return unread(error);
  }
}

function unread(error: unknown): Unread {
  return { why: `cannot be read: ${(error as NodeJS.ErrnoException).code}` };
}

/** Line and column from 1, as in editors. */
export type Position = { readonly line: number; readonly column: number };
export type YamlFault = Position & { readonly reason: string };

export type YamlFile = {
  readonly document: Document;
  /** Its data, with every scalar as text (YAML's failsafe schema). */
  readonly value: unknown;
  positionOf(index: number): Position;
};

/** Limit on expanded aliases: nested lists of aliases would exhaust memory. */
const MAX_ALIASES = 10_000;

/** Most files have no alias and need no search for invalid ones. */
const MAY_ALIAS = /[\s[{,:-]\*[^\s*]/;

/** The YAML of a text, or all of its faults. */
export function parseYaml(text: string): YamlFile | { readonly faults: readonly YamlFault[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, merge: false });
  const positionOf = (index: number): Position => {
    const { line, col } = lines.linePos(index);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults = [
    ...document.errors.map(({ message, pos: [start] }) => ({
      ...positionOf(start),
      reason: (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, ""),
    })),
    ...(MAY_ALIAS.test(text) ? aliasFaults(document) : []).map(({ at, reason }) => ({ ...positionOf(at), reason })),
  ];
  if (faults.length > 0) return { faults };
  try {
    return { document, value: document.toJS({ maxAliasCount: MAX_ALIASES }), positionOf };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { faults: [{ line: 1, column: 1, reason: "its aliases expand to more than a file may hold" }] };
  }
}

/** Finds aliases of nothing, and aliases of a value that contains them. */
function aliasFaults(document: Document): { at: number; reason: string }[] {
  const faults: { at: number; reason: string }[] = [];
  const anchored = new Map<string, Node>();
  visit(document, {
    Value(_key, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
    },
    Alias(_key, { source, range }, path) {
      const named = anchored.get(source);
      const isInside = path.some((node) => node === named);
      if (named && !isInside) return;
      const reason = isInside ? `*${source} is inside &${source} itself` : `there is no &${source} above *${source}`;
      faults.push({ at: range?.[0] ?? 0, reason });
    },
  });
  return faults;
}
