// Expressions of one form share a tree; what each has in quotes, and where its parts stand, is its own.

import { expressionsOf } from "../../src/policy/decide.ts";
import { createParser } from "../../src/policy/fhirpath-forms.ts";
import { type Node, nodesOf, parseExpression, SyntaxFault } from "../../src/policy/fhirpath-tree.ts";
import { loadPolicies } from "../../src/policy/load.ts";

const parse = createParser();

/** Types, places and texts in quotes of all nodes, told in two ways. */
const told = (expression: string) => {
  const { tree, offsetOf, textOf } = parse(expression);
  return [...nodesOf(tree)].map((node) => [node.type, offsetOf(node), node.type === "LiteralTerm" && textOf(node)]);
};
const toldAlone = (expression: string) => {
  const textOf = ({ text = "", children: [only] = [] }: Node) =>
    only?.type === "StringLiteral" ? text.slice(1, -1) : undefined;
  return [...nodesOf(parseExpression(expression))].map((node) => [
    node.type,
    node.start ?? 0,
    node.type === "LiteralTerm" && textOf(node),
  ]);
};

const written = [...loadPolicies("cards"), ...loadPolicies("test/policies")].flatMap((policy) =>
  expressionsOf(policy).map(({ text }) => text),
);

test.each([
  ...new Set(written),
  "a.where(x = 'long name' and y.memberOf('set')) | b.where(x = 'it' and y.memberOf('a longer set'))",
  "a.where(x = '' and y = 'two\nlines'\n and z = 'c')",
  String.raw`a.where(x = 'it\'s' and y = 'b')`,
  "a.where(x = 'b' // it's\n and y = 'c')",
  "a.where(x = 'b' /* it's */ and y = 'c')",
  "a.where(`it's` = 'b' or `that's` = 'c')",
  "a.where(x > 3 'days' and y = 'c')",
  "a.where(x = %'it' and y = 'c')",
])("%s", (expression) => {
  expect(told(expression)).toEqual(toldAlone(expression));
});

test("one tree for all of a form", () => {
  expect(parse("a.where(x = 'b')").tree).toBe(parse("a.where(x = 'c d')").tree);
  expect(parse("a.where(x = 'b')").tree).not.toBe(parse("a.where(y = 'b')").tree);
});

test("what is not FHIRPath is told where it stands in the expression", () => {
  const expression = "a.where(x = 'a long name' and )";
  expect(() => parse(expression)).toThrow(SyntaxFault);
  expect(() => parse(expression)).toThrow(expect.objectContaining({ offset: expression.length - 1 }));
});
