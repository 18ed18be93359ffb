// Finds the pieces of FHIRPath that can be removed, and the expression without each: operands of `and`, `or` and `|`, and conditions of
// `where`. The tree tells where they stand; they are cut out of the text, so that the rest stays as its author wrote it.
import { argumentsOf, type Node, nodesOf, parseExpression } from "../../policy/fhirpath/tree.ts";

/** One piece, on one line, the character at which it begins, and the expression without it. */
export type Dropped = { readonly piece: string; readonly start: number; readonly rest: string };

const DROPPABLE: ReadonlySet<string> = new Set(["and", "or", "|"]);

/** Every piece: the operands first, each kind in the order in which it stands. @throws SyntaxFault */
export function dropPieces(expression: string): Dropped[] {
  const operands: Dropped[] = [];
  const conditions: Dropped[] = [];
  const pieceAt = (from: number, to: number) => {
    const text = expression.slice(from, to);
    return { piece: text.replace(/\s+/g, " ").trim(), start: from + text.search(/\S|$/) };
  };
  const without = (from: number, to: number) => `${expression.slice(0, from)} ${expression.slice(to)}`;

  /** @param from where the operator or bracket before the node ends. @param to where the one after it begins */
  function walk(node: Node, from: number, to: number): void {
    const { type, text = "", start = from, children = [] } = node;
    const [left, right] = children;
    if (type === "ParenthesizedTerm") walkInBrackets(children, from, to);
    else if (type === "FunctionInvocation") walkInBrackets(argumentsOf(node), start, to);
    else if (!left || !right) for (const child of children) walk(child, from, to);
    else if (type === "IndexerExpression") walk(left, from, start);
    else if (type === "InvocationExpression") {
      const point = expression.lastIndexOf(".", right.start);
      walk(left, from, point);
      dropCondition(right, point, to);
      walk(right, point + 1, to);
    } else {
      const end = start + text.length;
      const isChained = left.type === type && left.text === text; // then the left operand was the right one of the operator before
      walk(left, from, start);
      if (DROPPABLE.has(text)) {
        if (!isChained) operands.push({ ...pieceAt(from, start), rest: without(from, end) });
        operands.push({ ...pieceAt(end, to), rest: without(start, to) });
      }
      walk(right, end, to);
    }
  }

  function walkInBrackets(parts: readonly Node[], from: number, to: number): void {
    const commas = parts.slice(1).map((part) => expression.lastIndexOf(",", startOf(part)));
    const bounds = [expression.indexOf("(", from), ...commas, expression.lastIndexOf(")", to - 1)];
    for (const [at, part] of parts.entries()) walk(part, (bounds[at] ?? from) + 1, bounds[at + 1] ?? to);
  }

  /** A condition goes with its `where`, but for one with a conjunction: of that the operands are dropped. */
  function dropCondition(call: Node, point: number, to: number): void {
    const [condition] = argumentsOf(call);
    if (call.text !== "where" || !condition || holdsAnd(condition)) return;
    const closing = expression.lastIndexOf(")", to - 1);
    const piece = pieceAt(expression.indexOf("(", call.start) + 1, closing);
    conditions.push({ ...piece, rest: expression.slice(0, point) + expression.slice(closing + 1) });
  }

  walk(parseExpression(expression), 0, expression.length);
  return [...operands, ...conditions];
}

/** Where the first of its leaves stands. */
function startOf(node: Node): number {
  return Math.min(...[...nodesOf(node)].map(({ start = Number.POSITIVE_INFINITY }) => start));
}

/** Outside of brackets. */
function holdsAnd({ type, children = [] }: Node): boolean {
  return type === "AndExpression" || (type === "OrExpression" && children.some(holdsAnd));
}
