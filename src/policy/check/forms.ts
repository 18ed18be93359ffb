// Finds forms of FHIRPath that do less than they seem to, as far as an expression's tree tells it for certain. Knows no policy.

import { allowedFunctions } from "../fhirpath/allowed-functions.ts";
import { type Node, nodesOf, unwrap } from "../fhirpath/tree.ts";
import { memoizeByObject } from "../memoize.ts";

/** The node, and what an author may not expect of it. */
export type Form = { readonly at: Node; readonly reason: string };

/** `(element = …).not()`: a comparison with nothing is nothing, and so is its contrary. */
export const negatedComparisons = memoizeByObject((tree: Node): Form[] => {
  return [...nodesOf(tree)].flatMap(({ type, children = [] }) => {
    const [left, right] = children;
    if (type !== "InvocationExpression" || !left || !isCall(right, "not")) return [];
    const { type: operation, text, children: [compared] = [] } = unwrap(left);
    if (!COMPARISONS.has(operation) || !compared || !endsInElement(unwrap(compared))) return [];
    const reason = `(… ${text} …).not() says nothing of a record without the element: write where(… ${text} …).empty()`;
    return right ? [{ at: right, reason }] : [];
  });
});

const COMPARISONS = new Set(["EqualityExpression", "InequalityExpression", "MembershipExpression"]);

function endsInElement({ type, children = [] }: Node): boolean {
  const last = children.at(-1);
  return type === "MemberInvocation" || (type === "InvocationExpression" && last?.type === "MemberInvocation");
}

/**
 * `medication.memberOf('x') or status = 'y'`: records that are about no value set of the expression are not given to it, so that the
 * second part is asked of the records of the first only. Said only where no other part of the expression asks about a value set of
 * the same record, and none of the definitions may do so.
 */
export function partsNotAsked(tree: Node, definitions: readonly string[]): Form[] {
  /** Whether the node selects only what a value set may be about. True where a definition may say so. */
  const asks = (part: Node): boolean => {
    const node = unwrap(part);
    if (isQuestion(node)) return true;
    if (node.type === "ExternalConstantTerm") return definitions.includes(node.text ?? "");
    const parts = operandsOf(node);
    return isOr(node) || node.type === "UnionExpression" ? parts.every(asks) : parts.some(asks);
  };
  const find = (part: Node): Form[] => {
    const node = unwrap(part);
    const parts = operandsOf(node);
    if (isOr(node) && [...nodesOf(node)].some(isQuestion)) {
      return parts.filter((each) => !asks(each)).map((each) => ({ at: firstOf(each), reason: NOT_ASKED }));
    }
    const isJoint = isAnd(node) || node.type === "InvocationExpression"; // its parts hold of the same record
    return parts.filter((each) => !isJoint || !parts.some((other) => other !== each && asks(other))).flatMap(find);
  };
  return find(tree);
}

const NOT_ASKED =
  "is asked only of records that a value set of this expression may be about: make it a rule of its own, or ask about the value set here too";

const isQuestion = ({ type, text = "" }: Node) =>
  type === "FunctionInvocation" && allowedFunctions.get(text)?.names === "value set";
const isOr = ({ type, text }: Node) => type === "OrExpression" && text === "or";
const isAnd = ({ type }: Node) => type === "AndExpression";
const isCall = (node: Node | undefined, name: string) => node?.type === "FunctionInvocation" && node.text === name;

/** The children, those of a chain of the same operator at once. */
function operandsOf(node: Node): readonly Node[] {
  const { children = [] } = node;
  if (!isOr(node) && !isAnd(node) && node.type !== "InvocationExpression") return children;
  return children.flatMap((child) => {
    const inner = unwrap(child);
    return inner.type === node.type && inner.text === node.text ? operandsOf(inner) : [child];
  });
}

/** The first node that knows its place. */
function firstOf(tree: Node): Node {
  const placed = [...nodesOf(tree)].filter(({ start }) => start !== undefined);
  return placed.reduce((first, node) => ((node.start ?? 0) < (first.start ?? 0) ? node : first), placed[0] ?? tree);
}
