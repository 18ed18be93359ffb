// A file of a policy, YAML or JSON: what it holds, every scalar as text, and where in it something is wrong. js-yaml reads it, at a
// ninth of the time of `yaml`, which alone tells where things stand and so is asked only about what is wrong.
import { existsSync, readFileSync } from "node:fs";
import { FAILSAFE_SCHEMA, load } from "js-yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from "yaml";
import { type Finding, type Notes, wholeFile } from "./findings.ts";

export type Path = readonly PropertyKey[];

export type About = {
  /** Where it stands, if not at the start of the value: at the key, or so many characters into the value. */
  readonly at?: "key" | number;
  /** What may have been meant. */
  readonly suggestion?: string | undefined;
};

export type SourceFile = {
  readonly value: unknown;
  fault(path: Path, reason: string, about?: About): void;
  warn(path: Path, reason: string, about?: About): void;
};

/** The file, or undefined where it cannot be read or is not YAML: that is noted. */
export function readSource(file: string, notes: Notes): SourceFile | undefined {
  const text = readText(file);
  if (text === undefined) {
    notes.fault(wholeFile(file, existsSync(file) ? "cannot be read" : "is missing"));
    return undefined;
  }
  let positions: Positions | undefined;
  const finding = (path: Path, reason: string, { at = 0, suggestion }: About = {}): Finding => {
    positions ??= findPositions(text);
    return { file, ...positions.of(path, at), place: path.join("."), reason, suggestion };
  };
  try {
    return {
      value: load(text, { schema: FAILSAFE_SCHEMA, filename: file }),
      fault: (path, reason, about) => notes.fault(finding(path, reason, about)),
      warn: (path, reason, about) => notes.warn(finding(path, reason, about)),
    };
  } catch (error) {
    for (const fault of syntaxFaults(text, error as Error)) notes.fault({ ...wholeFile(file, ""), ...fault });
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Every fault that `yaml` sees, or else the one on which js-yaml stopped. */
function syntaxFaults(text: string, { message }: Error): Pick<Finding, "line" | "column" | "reason">[] {
  const { errors } = parseDocument(text, { schema: "failsafe" });
  const faults = errors.map(({ message, linePos }) => ({
    line: linePos?.[0].line ?? 1,
    column: linePos?.[0].col ?? 1,
    reason: `is not YAML: ${(message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "")}`,
  }));
  return faults.length > 0 ? faults : [{ line: 1, column: 1, reason: `is not YAML: ${message.split("\n")[0]}` }];
}

type Position = Pick<Finding, "line" | "column">;
type Positions = { of(path: Path, at: "key" | number): Position };

function findPositions(text: string): Positions {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines });
  const positionOf = (index: number): Position => {
    const { line, col } = lines.linePos(index);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const behindAlias = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  return {
    of(path, at) {
      let [node, key] = [behindAlias(document.contents), undefined as unknown];
      for (const step of path) {
        const pair = isMap(node)
          ? node.items.find(({ key }) => isScalar(key) && key.value === String(step))
          : undefined;
        const item = isSeq(node) ? node.items[Number(step)] : undefined;
        if (!pair && !item) break; // what is missing stands where it should be
        [node, key] = [behindAlias(pair ? pair.value : item), pair ? pair.key : item];
      }
      if (at !== "key" && isScalar(node) && node.value !== "") return positionOf(indexIn(text, node, at));
      return positionOf(startOf(key) ?? startOf(node) ?? 0);
    },
  };
}

function startOf(node: unknown): number | undefined {
  return (node as Node | undefined)?.range?.[0];
}

/**
 * The index in the text at which the character of a scalar's value stands. Found by counting what is no space: how lines were
 * folded and indented does not matter then.
 */
function indexIn(text: string, { value, range, type }: Scalar, offset: number): number {
  const [start, end] = range ?? [0, 0];
  const isBlock = type === "BLOCK_FOLDED" || type === "BLOCK_LITERAL";
  const isQuoted = type === "QUOTE_SINGLE" || type === "QUOTE_DOUBLE";
  const first = isBlock ? text.indexOf("\n", start) + 1 : start + (isQuoted ? 1 : 0);
  let before = String(value).slice(0, offset).replace(/\s/g, "").length;
  for (let index = first; index < end; index += 1) {
    if (/\s/.test(text[index] ?? "")) continue;
    if (before === 0) return offset === 0 && !isBlock ? start : index;
    before -= 1;
    const isEscape = (type === "QUOTE_SINGLE" && text[index] === "'") || (isQuoted && text[index] === "\\");
    if (isEscape) index += 1;
  }
  return start;
}
