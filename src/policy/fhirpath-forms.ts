// Parses each form of expression once: the expressions of policies are few forms, which differ in the names and codes in quotes. Parsing
// would be nearly half of what the load of a policy costs.
import { type Node, parseExpression, unwrap } from "./fhirpath-tree.ts";
import { oncePerText } from "./once.ts";

/** The tree of an expression's form, which others share. What a node has in quotes stands in the expression only. */
export type Parsed = {
  readonly tree: Node;
  /** Where a node stands in the expression, in characters. */
  offsetOf(node: Node): number;
  /** What an argument in quotes says; undefined where the node is something else. */
  textOf(node: Node): string | undefined;
};

/** @throws SyntaxFault */
export type Parser = (expression: string) => Parsed;

const QUOTED = /'[^'\\]*'/g;
const HOLE = "''";
/** Where one of these stands outside of quotes, a quote may be part of something else: a comment, an escape, a name. */
const UNCLEAR = /[/\\`"]|%'/;

/** A parser that remembers the forms as long as it lives. */
export function createParser(): Parser {
  const parseForm = oncePerText(parseExpression);
  return (expression) => {
    const form = expression.replace(QUOTED, HOLE);
    try {
      if (!UNCLEAR.test(form)) return parsed(parseForm(form), expression, (start) => placeOf(start, expression));
    } catch {
      // The expression itself tells where the fault stands.
    }
    return parsed(parseExpression(expression), expression, (start) => start);
  };
}

function parsed(tree: Node, expression: string, place: (start: number) => number): Parsed {
  const offsetOf = ({ start = 0 }: Node) => place(start);
  const textOf = (node: Node) => {
    const literal = unwrap(node);
    const isText = literal.type === "LiteralTerm" && literal.children?.[0]?.type === "StringLiteral";
    return isText ? /^'((?:\\.|[^'\\])*)'/s.exec(expression.slice(offsetOf(literal)))?.[1] : undefined;
  };
  return { tree, offsetOf, textOf };
}

/** Where in the expression stands what stands there in its form: further on by what the quotes before it hold. */
function placeOf(start: number, expression: string): number {
  let place = start;
  for (const { 0: literal, index } of expression.matchAll(QUOTED)) {
    if (index >= place) break;
    place += literal.length - HOLE.length;
  }
  return place;
}
