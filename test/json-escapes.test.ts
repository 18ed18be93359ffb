// A body whose characters are escaped is the same JSON.
import fc from "fast-check";
import { parseJson } from "../src/json.ts";
import { toAsciiJson } from "../src/json-escapes.ts";

const padded = (value: unknown) => Buffer.from(JSON.stringify({ value, padding: "x".repeat(40_000) }));

test("any JSON is read alike, escaped or not", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
      const bytes = padded([value, text, "é Ł ’ 日本 😀"]);
      const ascii = toAsciiJson(bytes);
      expect(ascii).toMatch(/^\p{ASCII}+$/u);
      expect(JSON.parse(ascii ?? "")).toEqual(JSON.parse(bytes.toString()));
      expect(parseJson(bytes)).toEqual(JSON.parse(bytes.toString()));
    }),
  );
});

test.each([
  ["small", Buffer.from('{"a":"Ł"}')],
  ["large", Buffer.from(`"${"Ł".repeat(400_000)}"`)],
  ["in ASCII", padded("a")],
  ["not UTF-8", Buffer.concat([padded("a"), Buffer.from([0xff])])],
])("a body that is %s stays as it is", (_name, bytes) => {
  expect(toAsciiJson(bytes)).toBeUndefined();
});

test("a byte order mark is no part of the JSON, and a fault is one either way", () => {
  expect(parseJson(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), padded("Ł")]))).toMatchObject({ value: "Ł" });
  expect(() => parseJson(Buffer.concat([padded("Ł"), Buffer.from("Ł")]))).toThrow(SyntaxError);
});
