// The example on cards/README.md is a policy without a fault, and its cases pass.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checksOf } from "../src/authoring/run-cases.ts";
import { testedOf } from "../src/authoring/survivors.ts";
import { readCases } from "../src/playground/cases.ts";
import { takeNotes } from "../src/policy/findings.ts";
import { allowedFunctions } from "../src/policy/functions-allowed.ts";
import { checkPolicies, readPolicy } from "../src/policy/load.ts";

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

test("it names every function that a policy may use", () => {
  const words = new Set(page.match(/[A-Za-z]+/g));
  expect([...allowedFunctions.keys()].filter((name) => !words.has(name))).toEqual([]);
});
