// Reads a policy's YAML or JSON file: its data, with every scalar as text, and the positions of findings in it.
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { type Finding, type Notes, wholeFile } from "./findings.ts";
import { type Position, parseYaml, readTextFile, type YamlFile } from "./yaml-file.ts";

export type Path = readonly PropertyKey[];

export type About = {
  /** The position: the key, or characters from the start of the value. Default: 0. */
  readonly at?: "key" | number;
  readonly suggestion?: string | undefined;
};

export type SourceFile = {
  readonly value: unknown;
  fault(path: Path, reason: string, about?: About): void;
  warn(path: Path, reason: string, about?: About): void;
  /** `file:line` of the value at the path. @param at characters from its start */
  lineOf(path: Path, at?: number): string;
};

/** The file, or undefined, with a fault in the notes, if it cannot be read or is not YAML. */
export function readSource(file: string, notes: Notes): SourceFile | undefined {
  const read = readTextFile(file);
  if ("why" in read) {
    notes.fault(wholeFile(file, read.why));
    return undefined;
  }
  const { text } = read;
  const yaml = parseYaml(text);
  if ("faults" in yaml) {
    for (const { reason, ...place } of yaml.faults)
      notes.fault({ ...wholeFile(file, `is not YAML: ${reason}`), ...place });
    return undefined;
  }
  const finding = (path: Path, reason: string, { at = 0, suggestion }: About = {}): Finding => {
    return { file, ...placeOf(yaml, text, path, at), place: path.join("."), reason, suggestion };
  };
  return {
    value: yaml.value,
    fault: (path, reason, about) => notes.fault(finding(path, reason, about)),
    warn: (path, reason, about) => notes.warn(finding(path, reason, about)),
    lineOf: (path, at = 0) => `${file}:${placeOf(yaml, text, path, at).line}`,
  };
}

function placeOf({ document, positionOf }: YamlFile, text: string, path: Path, at: "key" | number): Position {
  const behindAlias = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  let [node, key] = [behindAlias(document.contents), undefined as unknown];
  for (const step of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === String(step)) : undefined;
    const item = isSeq(node) ? node.items[Number(step)] : undefined;
    if (!pair && !item) break; // a missing value gets the position of its parent
    [node, key] = [behindAlias(pair ? pair.value : item), pair ? pair.key : item];
  }
  if (at !== "key" && isScalar(node) && node.value !== "") return positionOf(indexIn(text, node, at));
  return positionOf(startOf(key) ?? startOf(node) ?? 0);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | undefined)?.range?.[0];
}

/**
 * The index in the text of a character of a scalar's value. Counts only non-space characters, so that folding and
 * indentation do not matter.
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
