// What is taken out of an expression, and what is left.
import { dropPieces } from "../../../src/authoring/mutation/pieces.ts";

const piecesOf = (expression: string) =>
  dropPieces(expression).map(({ piece, rest }) => [piece, rest.replace(/\s+/g, " ").trim()]);

test.each([
  [
    "operands of a chain",
    "a and b and c",
    [
      ["a", "b and c"],
      ["b", "a and c"],
      ["c", "a and b"],
    ],
  ],
  [
    "and binds closer than or",
    "a and b or c",
    [
      ["a", "b or c"],
      ["b", "a or c"],
      ["a and b", "c"],
      ["c", "a and b"],
    ],
  ],
  [
    "statuses of a list, closer than in",
    "s in ('x' | 'y') and b",
    [
      ["'x'", "s in ( 'y') and b"],
      ["'y'", "s in ('x' ) and b"],
      ["s in ('x' | 'y')", "b"],
      ["b", "s in ('x' | 'y')"],
    ],
  ],
  [
    "a comparison is one operand",
    "a = 1 or b != 2",
    [
      ["a = 1", "b != 2"],
      ["b != 2", "a = 1"],
    ],
  ],
  [
    "operators in texts and names are none",
    "a.contains('x or y') or `b and c`",
    [
      ["a.contains('x or y')", "`b and c`"],
      ["`b and c`", "a.contains('x or y')"],
    ],
  ],
  [
    "arguments of a function",
    "iif(a or b, c | d)",
    [
      ["a", "iif( b, c | d)"],
      ["b", "iif(a , c | d)"],
      ["c", "iif(a or b, d)"],
      ["d", "iif(a or b, c )"],
    ],
  ],
  ["the condition of a where goes with it", "%x.where(a = 1).empty()", [["a = 1", "%x.empty()"]]],
  [
    "but not where it is a conjunction",
    "%x.where(a and (b))",
    [
      ["a", "%x.where( (b))"],
      ["(b)", "%x.where(a )"],
    ],
  ],
  [
    "a condition within a condition",
    "x.where(y.where(z).empty())",
    [
      ["y.where(z).empty()", "x"],
      ["z", "x.where(y.empty())"],
    ],
  ],
  ["nothing to take out", "%orders", []],
])("%s", (_name, expression, pieces) => {
  expect(piecesOf(expression)).toEqual(pieces);
});
