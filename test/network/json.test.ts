// Levels and values are counted alike however a body arrives, and brackets in texts do not count.
import fc from "fast-check";
import { CostlyJson, MAX_LEVELS, MAX_NAMES, MAX_VALUES, parseJson, watchJson } from "../../src/network/json.ts";

const nested = (levels: number, inside = "") => `${"[".repeat(levels)}${inside}${"]".repeat(levels)}`;

/** Whether the bytes pass, in parts that end where `cuts` says. */
function passes(bytes: Buffer, cuts: readonly number[]): boolean {
  const watch = watchJson();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  try {
    ends.forEach((end, index) => {
      watch(bytes.subarray(ends[index - 1] ?? 0, end));
    });
    return true;
  } catch (error) {
    if (error instanceof CostlyJson) return false;
    throw error;
  }
}

/** An object of so many names, each holding the same. */
const named = (names: number, inside: string) =>
  `{${Array.from({ length: names }, (_, at) => `"${at}":${inside}`).join()}}`;

const texts = fc.string({ unit: fc.constantFrom('"', "\\", "[", "{", "]", "}", "a", "Ł") });

test("in whatever parts a body arrives, as deep as it is and no deeper", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat()), (text, cuts) => {
      const inside = JSON.stringify([text, { [text]: text }]);
      expect(passes(Buffer.from(nested(MAX_LEVELS - 2, inside)), cuts)).toBe(true);
      expect(passes(Buffer.from(nested(MAX_LEVELS - 1, inside)), cuts)).toBe(false);
    }),
  );
});

test("levels that are closed count no more", () => {
  const many = JSON.stringify(Array.from({ length: 1_000 }, () => ({ a: [{}] })));
  expect(parseJson(Buffer.from(many))).toHaveLength(1_000);
  expect(() => parseJson(Buffer.from(nested(MAX_LEVELS + 1)))).toThrow(CostlyJson);
});

test("as many values as the bound, and no more, in parts or whole", () => {
  const list = (inside: string, count: number) =>
    Buffer.from(`["${",".repeat(100)}"${`,${inside}`.repeat(count - 1)}]`);
  for (const [inside, values] of [
    ["0", 1],
    ["[]", 2],
    ["{}", 2],
  ] as const) {
    const most = Math.floor((MAX_VALUES - 1) / values) + 1;
    expect(passes(list(inside, most), [999, 1_000_001])).toBe(true);
    expect(passes(list(inside, most + 1), [999, 1_000_001])).toBe(false);
  }
  expect(() => parseJson(list("0", MAX_VALUES + 1))).toThrow(new CostlyJson("More than 500000 values"));
});

test("an object has as many names as the bound, and no more, in whatever parts and wherever it stands", () => {
  const around = fc.constantFrom<[string, string]>(["", ""], ["[1,", ",2]"], ['{"a":0,"b":', ',"c":[{}]}']);
  const inside = fc.constantFrom("0", '",{["', "[1,2,3]", '{"x":1,"y":{}}', named(MAX_NAMES, "[]"));
  const cuts = fc.array(fc.nat(), { maxLength: 5 });
  const property = fc.property(around, inside, cuts, ([before, after], each, at) => {
    const small = each.length > 1_000 ? 1 : 0; // one in the other: the values have a bound too
    const object = (names: number) =>
      Buffer.from(`${before}${small ? `{"o":${each},${named(names - 1, "0").slice(1)}` : named(names, each)}${after}`);
    expect(passes(object(MAX_NAMES), at)).toBe(true);
    expect(passes(object(MAX_NAMES + 1), at)).toBe(false);
  });
  fc.assert(property, { numRuns: 50 });
  expect(() => parseJson(Buffer.from(named(MAX_NAMES + 1, "0")))).toThrow("An object has more than 1000 names");
  expect(parseJson(Buffer.from(JSON.stringify(Array(MAX_NAMES * 2).fill(0))))).toHaveLength(MAX_NAMES * 2);
});

test("the values so far are told with each part", () => {
  const watch = watchJson();
  expect([...'[{},"[,",[1,2]]'].map((character) => watch(Buffer.from(character)))).toEqual([
    1, 2, 2, 3, 3, 3, 3, 3, 4, 5, 5, 6, 6, 6, 6,
  ]);
});

test("a byte order mark is no part of the JSON", () => {
  expect(parseJson(Buffer.from('\ufeff{"a":"Ł"}'))).toEqual({ a: "Ł" });
});
