// Terms in text, spellings of NDC, dates on the precision given: the small things that a decision rests on.

import { inFuture, inPast } from "../../../src/policy/fhirpath/dates.ts";
import { escapeMarkdown, plain } from "../../../src/policy/fhirpath/template.ts";
import { codingKeys, ndcProducts } from "../../../src/policy/terminology/codings.ts";
import {
  consistsOf,
  isSubstance,
  matchesRule,
  mentions,
  mentionsSubstance,
} from "../../../src/policy/terminology/terms.ts";

test.each([
  ["Povidone", true],
  ["povidone (binder), tablets", true],
  ["POVIDONE.", true],
  ["crospovidone", false],
  ["polyvinyl", false],
])("%s mentions povidone: %s", (text, expected) => {
  expect(mentions(text, ["povidone"])).toBe(expected);
});

test.each([
  ["imatinib 400 mg tablet", true],
  ["imatinib 1,400 mg", false],
  ["imatinib 2.400 mg", false],
  ["imatinib, 400 mg.", true],
])("%s mentions 400 mg: %s", (text, expected) => {
  expect(mentions(text, ["400 mg"])).toBe(expected);
});

test("a rule holds within one name: all, any and none", () => {
  const rule = { all: ["imatinib"], any: ["tablet", "tab"], none: ["capsule"] };
  expect(matchesRule(["imatinib 400 mg tab"], rule)).toBe(true);
  expect(matchesRule(["imatinib", "400 mg tablet"], rule)).toBe(false);
  expect(matchesRule(["imatinib tablet or capsule"], rule)).toBe(false);
  expect(matchesRule(["imatinib capsule", "imatinib tablet"], rule)).toBe(true);
});

test.each([
  ["Povidone", "is"],
  ["Povidones: severe allergy", "is"],
  ["povidone k30 povidone", "mentions"],
  ["povidone (not iodine)", "mentions"],
  ["Povidone-iodine, severe", "neither"],
  ["severe allergy", "neither"],
])("%s %s the substance", (name, grade) => {
  const rule = { names: ["povidone"], except: ["povidone iodine"], neutral: ["allergy", "severe"] };
  expect(isSubstance(name, rule) ? "is" : mentionsSubstance(name, rule) ? "mentions" : "neither").toBe(grade);
});

test("nothing consists of no terms", () => {
  expect(consistsOf("anything", [])).toBe(false);
  expect(mentions("anything s", [])).toBe(false);
});

test("terms that overlap are taken once, the longest first: to try every division of a long text would never end", () => {
  const terms = ["red", "40", "red 40", "red 40 red"];
  expect(consistsOf("red 40 red ".repeat(5000), terms)).toBe(true);
  expect(consistsOf(`${"red 40 red ".repeat(5000)}x`, terms)).toBe(false);
});

test.each([
  ["0078-0401-34", ["000780401"]],
  ["47335-475-83", ["473350475"]],
  ["54868-5289-1", ["548685289"]],
  ["54868-5289-01", ["548685289"]],
  ["47335-0475-83", ["473350475"]],
  ["47335047583", ["473350475"]],
  ["0078-0401", ["000780401"]],
  ["47335-475", ["473350475"]],
  ["4733547583", ["047335475", "473350475", "473354758"]],
  [" 47335-475-83 ", ["473350475"]],
  ["473354758", []],
  ["1-2-3", []],
  ["47335-475-8X", []],
  ["47335-475-83-1", []],
  ["", []],
])("NDC %s names %j", (code, products) => {
  expect(ndcProducts(code)).toEqual(products);
});

test("a coding has a key only with system and code, the same for URL and OID", () => {
  const rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm|1";
  for (const system of [
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "urn:oid:2.16.840.1.113883.6.88",
    "2.16.840.1.113883.6.88",
  ]) {
    expect(codingKeys({ system, code: "1" })).toEqual([rxnorm]);
  }
  expect(codingKeys({ code: "1" })).toEqual([]);
  expect(codingKeys({ system: "x" })).toEqual([]);
  expect(codingKeys({ system: 7, code: "1" })).toEqual([]);
});

const NOW = new Date("2026-06-15T12:00:00Z");
test.each([
  ["2026", false, false],
  ["2026-06", false, false],
  ["2026-06-15", false, false],
  ["2027", true, false],
  ["2026-07", true, false],
  ["2026-06-17", true, false],
  ["2025", false, true],
  ["2026-05", false, true],
  ["2026-06-14", false, true],
  ["2026-06-15T13:00:00Z", true, false],
  ["2026-06-15T13:00:00+02:00", false, true],
  ["2026-13", false, false],
  ["next year", false, false],
  ["", false, false],
  [7, false, false],
  [{ start: "2027", end: "2028" }, true, false],
  [{ start: "2024", end: "2025" }, false, true],
  [{ start: "2024" }, false, false],
  [{}, false, false],
])("%j is in the future: %s, in the past: %s", (date, future, past) => {
  expect([inFuture(date, NOW), inPast(date, NOW)]).toEqual([future, past]);
});

test("text for Markdown has no markup left, and text for people no control characters", () => {
  expect(escapeMarkdown("a_b *c* <d> & [e](f)")).toBe("a\\_b \\*c\\* &lt;d&gt; &amp; \\[e\\](f)");
  expect(plain("a\u0000b\nc\u202Ed")).toBe("a b c d");
  expect([...plain("x".repeat(500))]).toHaveLength(120);
});
