// Finds FHIRPath that does less than it seems to, if the syntax tree proves it. Knows no policy.

import { allowedFunctions } from "../fhirpath/allowed-functions.ts";
import { type Node, nodesOf, unwrap } from "../fhirpath/tree.ts";
import { memoizeByObject } from "../memoize.ts";

/** A node and how it may surprise its author. */
export type Form = { readonly at: Node; readonly reason: string };

/** `(element = …).not()`: without the element, the comparison is empty, and so is its negation. */
export const negatedComparisons = memoizeByObject((tree: Node): Form[] => {
  return [...nodesOf(tree)].flatMap(({ type, children = [] }) => {
    const [left, right] = children;
    if (type !== "InvocationExpression" || !left || !isCall(right, "not")) return [];
    const { type: operation, text, children: [compared] = [] } = unwrap(left);
    if (!COMPARISONS.has(operation) || !compared || !endsInElement(unwrap(compared))) return [];
    const reason = `(… ${text} …).not() is empty for a record without the element: write where(… ${text} …).empty()`;
    return right ? [{ at: right, reason }] : [];
  });
});

const COMPARISONS = new Set(["EqualityExpression", "InequalityExpression", "MembershipExpression"]);

function endsInElement({ type, children = [] }: Node): boolean {
  const last = children.at(-1);
  return type === "MemberInvocation" || (type === "InvocationExpression" && last?.type === "MemberInvocation");
}

/**
 * `medication.memberOf('x') or status = 'y'`: an expression is evaluated only on records that may match one of its
 * value sets, so the second part never sees other records. Reported only if no other part tests a value set of the same
 * record, and no definition may do so.
 */
export function unevaluatedParts(tree: Node, definitions: readonly string[]): Form[] {
  /** Whether the node selects only records that match a value set. True for a definition, which may do so. */
  const isRestricted = (part: Node): boolean => {
    const node = unwrap(part);
    if (isValueSetTest(node)) return true;
    if (node.type === "ExternalConstantTerm") return definitions.includes(node.text ?? "");
    const parts = operandsOf(node);
    return isOr(node) || node.type === "UnionExpression" ? parts.every(isRestricted) : parts.some(isRestricted);
  };
  const find = (part: Node): Form[] => {
    const node = unwrap(part);
    const parts = operandsOf(node);
    if (isOr(node) && [...nodesOf(node)].some(isValueSetTest)) {
      return parts.filter((each) => !isRestricted(each)).map((each) => ({ at: firstOf(each), reason: UNEVALUATED }));
    }
    const isJoint = isAnd(node) || node.type === "InvocationExpression"; // all parts apply to the same record
    const isOtherRestricted = (part: Node) => parts.some((other) => other !== part && isRestricted(other));
    return parts.filter((each) => !isJoint || !isOtherRestricted(each)).flatMap(find);
  };
  return find(tree);
}

const UNEVALUATED =
  "is evaluated only on records that may match a value set in this expression: make it its own rule, or test the set too";

const isValueSetTest = ({ type, text = "" }: Node) =>
  type === "FunctionInvocation" && allowedFunctions.get(text)?.names === "value set";
const isOr = ({ type, text }: Node) => type === "OrExpression" && text === "or";
const isAnd = ({ type }: Node) => type === "AndExpression";
const isCall = (node: Node | undefined, name: string) => node?.type === "FunctionInvocation" && node.text === name;

/** The children, with a chain of the same operator flattened. */
function operandsOf(node: Node): readonly Node[] {
  const { children = [] } = node;
  if (!isOr(node) && !isAnd(node) && node.type !== "InvocationExpression") return children;
  return children.flatMap((child) => {
    const inner = unwrap(child);
    return inner.type === node.type && inner.text === node.text ? operandsOf(inner) : [child];
  });
}

/** The first node that has a position. */
function firstOf(tree: Node): Node {
  const placed = [...nodesOf(tree)].filter(({ start }) => start !== undefined);
  return placed.reduce((first, node) => ((node.start ?? 0) < (first.start ?? 0) ? node : first), placed[0] ?? tree);
}
