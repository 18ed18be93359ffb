// Finds the removable pieces of a FHIRPath expression: operands of `and`, `or`, and `|`, and conditions of `where`. Cuts
// each from the text at its position in the syntax tree, so that the rest stays as written.
import { argumentsOf, type Node, nodesOf, parseExpression } from "../../policy/fhirpath/tree.ts";

/** A piece on one line, its offset in characters, and the expression without it. */
export type Dropped = { readonly piece: string; readonly start: number; readonly rest: string };

const DROPPABLE: ReadonlySet<string> = new Set(["and", "or", "|"]);

/** All pieces: operands, then conditions, each in order of position. @throws SyntaxFault */
export function dropPieces(expression: string): Dropped[] {
  const operands: Dropped[] = [];
  const conditions: Dropped[] = [];
  const pieceAt = (from: number, to: number) => {
    const text = expression.slice(from, to);
    return { piece: text.replace(/\s+/g, " ").trim(), start: from + text.search(/\S|$/) };
  };
  const without = (from: number, to: number) => `${expression.slice(0, from)} ${expression.slice(to)}`;

  /** @param from the end of the operator or parenthesis before the node @param to the start of the one after it */
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
      const isChained = left.type === type && left.text === text; // the left operand is then the right operand of the previous operator
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

  /** Drops a condition with its `where`. For a condition with `and`, the operands are dropped instead. */
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

/** The position of its first leaf. */
function startOf(node: Node): number {
  return Math.min(...[...nodesOf(node)].map(({ start = Number.POSITIVE_INFINITY }) => start));
}

/** Whether the expression contains `and` outside parentheses. */
function holdsAnd({ type, children = [] }: Node): boolean {
  return type === "AndExpression" || (type === "OrExpression" && children.some(holdsAnd));
}
