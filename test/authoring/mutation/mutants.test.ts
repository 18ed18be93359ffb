// The mutants of a small policy: which there are, where they are written, and which of them no case notices.
import { readFileSync } from "node:fs";

import { mutantsOf } from "../../../src/authoring/mutation/mutants.ts";
import { findSurvivors } from "../../../src/authoring/mutation/survivors.ts";
import { openPolicy } from "../../../src/authoring/open-policy.ts";
import { type CaseFile, readCases } from "../../../src/cases/cases.ts";

const linesOf = (path: string) => readFileSync(path, "utf8").split("\n");
const { folder, written } = openPolicy("test/authoring/small", "example");
const cases = readCases(folder);
const survivorsWith = (changed: Partial<CaseFile>) => findSurvivors(written, { ...cases, ...changed });
const ids = ({ survivors }: ReturnType<typeof survivorsWith>) => survivors.map(({ id }) => id);

test("the pieces of the policy, each with an id of its own", () => {
  const all = mutantsOf(written).map(({ id }) => id);
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(
    expect.arrayContaining([
      "payer.names: without example plan",
      "products.replacements.10 mg: dropped",
      "definitions.isTaken: without 'completed'",
      "criteria.T.decides: turned",
      "criteria.T.documented.0: dropped",
      "criteria.T.documented.0: as supporting",
      "criteria.T.documented.0.select: without %isTaken",
      "cautions.reaction.overridesException: turned",
      "cautions.reaction.select.0: dropped",
      "text.ten.0: dropped",
      "value-sets.generic: without urn:example|G20",
    ]),
  );
});

test("a mutant changes its piece, and not the original", () => {
  const before = JSON.stringify(written);
  const made = new Map(mutantsOf(written).map(({ id, make }) => [id, make()]));
  expect(made.get("criteria.T.decides: turned")?.file.criteria[0]?.decides).toBe(false);
  expect(made.get("criteria.T.documented.0: as supporting")?.file.criteria[0]).toMatchObject({
    documented: [],
    supporting: [{ select: written.file.criteria[0]?.documented[0]?.select }],
  });
  const generic = made.get("value-sets.generic: without urn:example|G20")?.sets.find(({ name }) => name === "generic");
  expect(generic?.concepts.map(({ code }) => code)).toEqual(["G10"]);
  expect(made.get("text.ten.0: dropped")?.sets.find(({ name }) => name === "ten")?.text).toEqual([]);
  expect(JSON.stringify(written)).toBe(before);
});

test.each([
  ["definitions.isTaken: without 'completed'", "policy.yaml", "isTaken:"],
  ["criteria.T.documented.0.select: without medication.memberOf('generic')", "policy.yaml", "and medication.memberOf"],
  ["criteria.T.documented.0: dropped", "policy.yaml", "- select: >-"],
  ["text.ten.0: dropped", "policy.yaml", "ten: [{ any"],
  ["value-sets.generic: without urn:example|G20", "value-sets/generic.yaml", "- code: G20"],
])("%s: is written there", (id, file, line) => {
  const mutant = mutantsOf(written).find((each) => each.id === id);
  const [path = "", number = ""] = (mutant?.writtenAt() ?? "").split(":");
  expect(path).toBe(`${folder}/${file}`);
  expect(linesOf(path)[Number(number) - 1]).toContain(line);
});

test("each term is told with its own line, though terms may stand in lists within a list", () => {
  const terms = mutantsOf(openPolicy("cards", "imatinib-preferred").written).flatMap(({ id, writtenAt }) => {
    const term = /^(?:text|substances)\..*: without (\S+)/.exec(id)?.[1];
    return term === undefined ? [] : [{ id, term, at: writtenAt() }];
  });
  expect(terms.length).toBeGreaterThan(0);
  const elsewhere = terms.filter(({ term, at }) => {
    const [path = "", number = ""] = at.split(":");
    return !linesOf(path)[Number(number) - 1]?.includes(term);
  });
  expect(elsewhere).toEqual([]);
});

test("a piece that no case looks at survives, until one does", () => {
  const id = "definitions.isTaken: without 'completed'";
  expect(ids(survivorsWith({}))).toContain(id);
  const tried = cases.cases.find(({ name }) => name === "tried");
  if (!tried) throw new Error("the case is gone");
  const medicationStatements = tried.medicationStatements.map((each) => ({ ...each, status: "completed" }));
  expect(ids(survivorsWith({ cases: [...cases.cases, { ...tried, medicationStatements }] }))).not.toContain(id);
});

test("tables notice as well: a code, a name, a payer", () => {
  const left = ids(survivorsWith({ codes: {}, names: {}, payers: {} }));
  const lost = [
    "value-sets.generic: without urn:example|G20",
    "text.ten.0: dropped",
    "payer.names: without example plan",
  ];
  expect(left).toEqual(expect.arrayContaining(lost));
  expect(ids(survivorsWith({})).filter((id) => lost.includes(id))).toEqual([]);
});

test("what is named equivalent may go unnoticed, and must, and must be there", () => {
  const mutants = [
    "cautions.reaction.shownWithException: turned",
    "criteria.T.decides: turned",
    "criteria.X.decides: turned",
  ];
  const report = survivorsWith({ equivalent: [{ why: "a test", mutants }] });
  expect(report.equivalent).toBe(1);
  expect(ids(report)).not.toContain("cautions.reaction.shownWithException: turned");
  expect(report.noticed).toEqual([{ id: "criteria.T.decides: turned", by: expect.any(String) }]);
  expect(report.unknown).toEqual(["criteria.X.decides: turned"]);
});

test("a product of a choice that is gone is noticed only by cases that name the suggestions or the words of the card", () => {
  const two = openPolicy("test/policies", "example-two-preferred");
  const given = readCases(two.folder);
  const without = given.cases.map((each) => {
    const { suggestions: _, ...expect } = each.expect;
    return { ...each, expect: { ...expect, says: [] } };
  });
  const survivors = ids(findSurvivors(two.written, { ...given, cases: without }));
  expect(survivors.filter((id) => id.startsWith("products."))).toEqual([
    "products.replacements.100 mcg AIR100: dropped",
    "products.replacements.100 mcg BRE100: dropped",
  ]);
});
