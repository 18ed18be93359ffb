// Where a text stops being JSON is told by position, line and column, and nothing of the text is.
import fc from "fast-check";
import { describeFault } from "../../src/http/json-fault.ts";

function faultOf(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return describeFault(text, error as Error);
  }
  throw new Error("it is JSON");
}

test.each([
  ["planted", 0, 1, 1],
  [' "a" ]', 5, 1, 6],
  ["[1,]", 3, 1, 4],
  ["[ ] x", 4, 1, 5],
  ["[[],{},]", 7, 1, 8],
  ['{"a":1,}', 7, 1, 8],
  ['{\n  "hook": }', 12, 2, 11],
  ['{"a":[],\r\n"b":tru }', 14, 2, 5],
  ['{"a":"at position 3 (line 1 column 4)",\n"b":]', 44, 2, 5],
  ['{"a":"\\"[,]", "b":,}', 18, 1, 19],
  ['{"a":"\\', 7, 1, 8],
  ['{"a":', 5, 1, 6],
  ["[", 1, 1, 2],
  ['"x', 2, 1, 3],
])("%j", (text, position, line, column) => {
  expect(faultOf(text)).toBe(`at position ${position} (line ${line}, column ${column})`);
});

const MANY = 4_000_000;
test.each([
  ["spaces", `0${" ".repeat(MANY)}`],
  ["ends of lines", `0${"\n".repeat(MANY)}`],
  ["digits", "1".repeat(MANY)],
  ["letters", `"${"a".repeat(MANY)}"`],
])("millions of %s are no reason to fail", (_what, value) => {
  const text = `["",${value},x`;
  expect(faultOf(text)).toContain(`at position ${text.length - 1} `);
});

test.each(["", "  \n"])("nothing at all: %j", (text) => {
  expect(faultOf(text)).toBe("the body is empty");
});

test("a character that no JSON holds is found wherever it stands; in a word, at the beginning of the word", () => {
  const property = fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom(0, 2), (value, anywhere, indent) => {
    const text = JSON.stringify(value, null, indent);
    const at = anywhere % (text.length + 1);
    const told = Number(/position (\d+)/.exec(faultOf(`${text.slice(0, at)}\0${text.slice(at)}`))?.[1]);
    expect(text.slice(told, at)).toMatch(/^(t|tr|tru|f|fa|fal|fals|n|nu|nul)?$/);
  });
  fc.assert(property, { numRuns: 1_000 });
});
