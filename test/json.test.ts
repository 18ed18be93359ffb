// Levels and values are counted alike however a body arrives, and brackets in texts do not count.
import fc from "fast-check";
import { CostlyJson, MOST_LEVELS, MOST_VALUES, parseJson, watchJson } from "../src/json.ts";

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

const texts = fc.string({ unit: fc.constantFrom('"', "\\", "[", "{", "]", "}", "a", "Ł") });

test("in whatever parts a body arrives, as deep as it is and no deeper", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat()), (text, cuts) => {
      const inside = JSON.stringify([text, { [text]: text }]);
      expect(passes(Buffer.from(nested(MOST_LEVELS - 2, inside)), cuts)).toBe(true);
      expect(passes(Buffer.from(nested(MOST_LEVELS - 1, inside)), cuts)).toBe(false);
    }),
  );
});

test("levels that are closed count no more", () => {
  const many = JSON.stringify(Array.from({ length: 1_000 }, () => ({ a: [{}] })));
  expect(parseJson(Buffer.from(many))).toHaveLength(1_000);
  expect(() => parseJson(Buffer.from(nested(MOST_LEVELS + 1)))).toThrow(CostlyJson);
});

test("as many values as the bound, and no more, in parts or whole", () => {
  const list = (inside: string, count: number) =>
    Buffer.from(`["${",".repeat(100)}"${`,${inside}`.repeat(count - 1)}]`);
  for (const [inside, values] of [
    ["0", 1],
    ["[]", 2],
    ["{}", 2],
  ] as const) {
    const most = Math.floor((MOST_VALUES - 1) / values) + 1;
    expect(passes(list(inside, most), [999, 1_000_001])).toBe(true);
    expect(passes(list(inside, most + 1), [999, 1_000_001])).toBe(false);
  }
  expect(() => parseJson(list("0", MOST_VALUES + 1))).toThrow(new CostlyJson("More than 500000 values"));
});
