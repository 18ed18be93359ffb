// Walks the tree of an expression, and tells how JSON writes the elements that it names.
import type { Model } from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";
import type { Node } from "./fhirpath-tree.ts";

export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children ?? []) yield* nodesOf(child);
}

/** The names of all elements in an expression. */
export function elementsIn(tree: Node): string[] {
  return [...nodesOf(tree)].filter(({ type }) => type === "MemberInvocation").map(({ text = "" }) => text);
}

/** The node without what only wraps it: terms and brackets. */
export function unwrap(node: Node): Node {
  const [only] = node.children ?? [];
  const wraps = ["EntireExpression", "TermExpression", "ParenthesizedTerm", "InvocationTerm"].includes(node.type);
  return wraps && only ? unwrap(only) : node;
}

/** The arguments of a function's call. */
export function argumentsOf(call: Node): readonly Node[] {
  return call.children?.[0]?.children?.find(({ type }) => type === "ParamList")?.children ?? [];
}

const { choiceTypePaths } = r4 as Model & { choiceTypePaths: Readonly<Record<string, readonly string[]>> };
const choices = Map.groupBy(Object.entries(choiceTypePaths), ([path]) => path.split(".").at(-1) ?? "");

/** How JSON writes an element: `medication` as medicationCodeableConcept or medicationReference, most as they are called. */
export function jsonNames(element: string): string[] {
  const types = (choices.get(element) ?? []).flatMap(([, names]) => names);
  return [element, ...new Set(types.map((type) => element + type))];
}
