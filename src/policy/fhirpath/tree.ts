// Parses a FHIRPath expression into fhirpath's syntax tree, with the position of each node.
import fhirpath from "fhirpath";

export type Node = {
  readonly type: string;
  readonly text: string | undefined;
  /** Characters from the start of the expression. */
  readonly start: number | undefined;
  readonly children: readonly Node[] | undefined;
};

/** The expression is not FHIRPath. `offset` is in characters. */
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
    return withOffsets(fhirpath.parse(text) as Parsed, text);
  } catch (error) {
    const [first] = (error as { errors?: [unknown, unknown, number, number, string][] }).errors ?? [];
    const [, , line = 1, column = 0, message = String(error)] = first ?? [];
    throw new SyntaxFault(`is not FHIRPath: ${shorten(message)}`, offsetIn(text, line, column));
  }
}

/** Cuts the parser's list of every token that it would have accepted. */
function shorten(message: string): string {
  return message.replace(/ expecting \{.*$/s, "");
}

/** fhirpath's own node: line and column from 1. */
type Parsed = {
  readonly type: string;
  readonly text?: string;
  readonly start?: { readonly line: number; readonly column: number };
  readonly children?: readonly Parsed[];
};

function withOffsets({ type, text, start, children }: Parsed, expression: string): Node {
  return {
    type,
    text,
    start: start && offsetIn(expression, start.line, start.column - 1),
    children: children?.map((child) => withOffsets(child, expression)),
  };
}

/** @param line from 1. @param column from 0 */
function offsetIn(text: string, line: number, column: number): number {
  if (line === 1) return column; // as nearly always: YAML folds the lines of an expression
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, each) => sum + each.length + 1, column);
}

export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children ?? []) yield* nodesOf(child);
}

/** The node without wrapping terms and parentheses. */
export function unwrap(node: Node): Node {
  const [only] = node.children ?? [];
  const wraps = ["EntireExpression", "TermExpression", "ParenthesizedTerm", "InvocationTerm"].includes(node.type);
  return wraps && only ? unwrap(only) : node;
}

/** The content of a string literal; undefined for any other node. */
export function textOf(node: Node): string | undefined {
  const literal = unwrap(node);
  const isText = literal.type === "LiteralTerm" && literal.children?.[0]?.type === "StringLiteral";
  return isText ? literal.text?.slice(1, -1) : undefined;
}

export function argumentsOf(call: Node): readonly Node[] {
  return call.children?.[0]?.children?.find(({ type }) => type === "ParamList")?.children ?? [];
}
