// The tree of a FHIRPath expression, as fhirpath parses it: its parts, and where in the expression each stands.
import fhirpath from "fhirpath";

export type Node = {
  readonly type: string;
  readonly text?: string;
  /** From 1. */
  readonly start?: { readonly line: number; readonly column: number };
  readonly children?: readonly Node[];
};

/** The expression is not FHIRPath. `offset` is where, in characters. */
export class SyntaxFault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** @throws SyntaxFault */
export function parseExpression(text: string): Node {
  try {
    return fhirpath.parse(text) as Node;
  } catch (error) {
    const [first] = (error as { errors?: [unknown, unknown, number, number, string][] }).errors ?? [];
    const [, , line = 1, column = 0, message = String(error)] = first ?? [];
    throw new SyntaxFault(`is not FHIRPath: ${shorten(message)}`, offsetIn(text, line, column));
  }
}

/** The parser lists every sign that it would have taken. */
function shorten(message: string): string {
  return message.replace(/ expecting \{.*$/s, "");
}

export function offsetOf(text: string, { start }: Node): number {
  return start ? offsetIn(text, start.line, start.column - 1) : 0;
}

/** @param line from 1. @param column from 0 */
function offsetIn(text: string, line: number, column: number): number {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, each) => sum + each.length + 1, column);
}

/** The text of a literal in quotes, or undefined where the node is something else. */
export function textOf(node: Node | undefined): string | undefined {
  const literal = node?.type === "TermExpression" ? node.children?.[0] : undefined;
  const isText = literal?.type === "LiteralTerm" && literal.children?.[0]?.type === "StringLiteral";
  return isText ? literal.text?.slice(1, -1) : undefined;
}

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
