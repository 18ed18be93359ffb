// What an expression needs to know of a record, read off its tree: the elements that it names, where it looks for a drug or a
// substance, and what it requires of a record before it can select it.
import type { Expression } from "./expression.ts";
import { elementsIn, type Node, nodesOf, parseExpression, unwrap } from "./fhirpath-tree.ts";
import { allowedFunctions } from "./functions-allowed.ts";
import { oncePer } from "./once.ts";
import { type Requirement, requirementOf } from "./requirements.ts";
import { jsonNames } from "./types.ts";

export type Needs = {
  /** All elements that it names, as JSON names them. What it selects depends on no other. */
  readonly elements: readonly string[];
  /** Those of them of which it asks whether a value set holds them. */
  readonly naming: readonly string[];
  /** Whether what it selects depends on the day. */
  readonly isTimed: boolean;
  /** What it requires of a record that is one of its variables, by variable. */
  readonly requirements: ReadonlyMap<string, Requirement>;
};

const TIMED_FUNCTIONS = new Set(["inFuture", "inPast", "today"]);

export const needsOf = oncePer(({ text, variables }: Expression): Needs => {
  const tree = parseExpression(text);
  const calls = [...nodesOf(tree)].filter(({ type }) => type === "FunctionInvocation");
  return {
    elements: [...new Set(elementsIn(tree).flatMap(jsonNames))],
    naming: [...new Set([...elementsAsked(tree, [])].flatMap(jsonNames))],
    isTimed: calls.some(({ text: name = "" }) => TIMED_FUNCTIONS.has(name)),
    requirements: new Map(variables.map((variable) => [variable, requirementOf(tree, variable)])),
  };
});

/**
 * The elements on the way to what value sets are asked about: in `reaction.where(substance.memberOf('x'))`, both.
 * @param outer those on the way to the node
 */
function* elementsAsked(node: Node, outer: readonly string[]): Generator<string> {
  const [left, right] = node.children ?? [];
  const isCall = node.type === "FunctionInvocation";
  if (isCall && allowedFunctions.get(node.text ?? "")?.names === "value set") yield* outer;
  if (node.type === "InvocationExpression" && left && right) {
    yield* elementsAsked(left, outer);
    yield* elementsAsked(right, [...outer, ...elementsOnPath(left)]);
  } else for (const child of node.children ?? []) yield* elementsAsked(child, outer);
}

/** Those that a path leads through, without what its conditions look at. */
function elementsOnPath(path: Node): string[] {
  const node = unwrap(path);
  const [left, right] = node.children ?? [];
  if (node.type !== "InvocationExpression" || !left || !right) return elementsIn(node);
  const isCondition = right.type === "FunctionInvocation" && right.text === "where";
  return [...elementsOnPath(left), ...(isCondition ? [] : elementsIn(right))];
}
