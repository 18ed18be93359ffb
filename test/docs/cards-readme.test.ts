// What cards/README.md shows works: the example is a policy without a fault, and its cases pass; so are the keys that it does not need.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { testedOf } from "../../src/authoring/mutation/survivors.ts";
import { checksOf } from "../../src/authoring/run-cases.ts";
import { readCases } from "../../src/cases/cases.ts";
import { allowedFunctions } from "../../src/policy/fhirpath/allowed-functions.ts";
import { takeNotes } from "../../src/policy/load/findings.ts";
import { checkPolicies, readPolicy } from "../../src/policy/load/load.ts";
import { mentions } from "../../src/policy/terminology/terms.ts";

const page = readFileSync("cards/README.md", "utf8");
const root = mkdtempSync(join(tmpdir(), "cards-readme-"));
const files = [...page.matchAll(/^`(cards\/example\/[^`]+)`:\n\n```yaml\n(.*?)^```/gms)];
for (const [, path = "", text = ""] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("the example has no fault and no warning", () => {
  expect(files).toHaveLength(5);
  const { policies, faults, warnings } = checkPolicies(join(root, "cards"), { needsCases: true });
  expect([faults, warnings, policies.map(({ id }) => id)]).toEqual([[], [], ["example"]]);
});

test("its cases pass", () => {
  const folder = join(root, "cards/example");
  const written = readPolicy(folder, takeNotes());
  if (!written) throw new Error("cannot be read");
  const checks = checksOf(readCases(folder));
  expect(checks.length).toBeGreaterThan(3);
  expect(checks.flatMap(({ differences }) => [...differences(testedOf(written))])).toEqual([]);
});

/** The second in the first: objects key by key, lists of objects entry by entry. */
function merge(one: unknown, other: unknown): unknown {
  const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
  if (!isObject(one) || !isObject(other)) return other;
  const entries = Object.entries(other).map(([key, value]) => [key, merge(one[key as keyof object], value)]);
  const merged = { ...one, ...Object.fromEntries(entries) };
  return Array.isArray(one) ? Object.values(merged) : merged;
}

test("the keys that the example does not need have the form that is shown", () => {
  const more = mkdtempSync(join(tmpdir(), "cards-readme-"));
  cpSync(join(root, "cards/example"), join(more, "example"), { recursive: true });
  const policy = join(more, "example/policy.yaml");
  const shown = /in the form that they take:\n\n```yaml\n(.*?)^```/ms.exec(page)?.[1] ?? "";
  const [written, keys] = [readFileSync(policy, "utf8"), shown].map((text) => parse(text, { schema: "failsafe" }));
  writeFileSync(policy, stringify(merge(written, keys)));
  const set = readFileSync(join(more, "example/value-sets/brand.yaml"), "utf8");
  for (const [name, code] of [
    ["no-known-allergies", "N1"],
    ["not-known", "N2"],
  ] as const)
    writeFileSync(join(more, `example/value-sets/${name}.yaml`), set.replace("B10", code));
  const { policies, faults, warnings } = checkPolicies(more, { needsCases: true });
  expect([faults, warnings]).toEqual([[], []]);
  expect(policies[0]?.unanswered).toHaveLength(1);
  expect(policies[0]?.criteria[0]?.supporting[0]?.note).toBe("reported by the patient");
  expect(policies[0]?.payer.names).toEqual(["example plan"]);
});

const words = [...page.matchAll(/^\| `([a-z0-9 ]+)` \| ("[^|]+) \| ("[^|]+) \|$/gm)];

test.each(words.map(([, term = "", found = "", not = ""]) => [term, found, not]))(
  "the term %s is found where the page says so",
  (term, found, not) => {
    const textsIn = (cell: string) => [...cell.matchAll(/"([^"]+)"/g)].map(([, text = ""]) => text);
    expect(textsIn(found).filter((text) => !mentions(text, [term]))).toEqual([]);
    expect(textsIn(not).filter((text) => mentions(text, [term]))).toEqual([]);
  },
);

test("it names every function that a policy may use", () => {
  const words = new Set(page.match(/[A-Za-z]+/g));
  expect([...allowedFunctions.keys()].filter((name) => !words.has(name))).toEqual([]);
});
