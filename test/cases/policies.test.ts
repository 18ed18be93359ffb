// Every policy in cards/ does what its cases.yaml demands, and its cases see whatever it can give: each criterion in each of its outcomes,
// each rule, each caution, each row of the decision table.
import { join } from "node:path";
import { coverageOf } from "../../src/authoring/coverage.ts";
import { testedOf } from "../../src/authoring/mutation/survivors.ts";
import { policiesIn } from "../../src/authoring/open-policy.ts";
import { checksOf } from "../../src/authoring/run-cases.ts";
import { readCases } from "../../src/cases/cases.ts";
import { takeNotes } from "../../src/policy/load/findings.ts";
import { readPolicy } from "../../src/policy/load/load.ts";

describe.each(policiesIn("cards"))("%s", (id) => {
  const folder = join("cards", id);
  const written = readPolicy(folder, takeNotes());
  if (!written) throw new Error(`${folder} cannot be read`);
  const cases = readCases(folder);
  const tested = testedOf(written);

  test.each(checksOf(cases).map((check) => [check.name, check] as const))("%s", (_name, { differences }) => {
    expect([...differences(tested)]).toEqual([]);
  });

  test("the cases see all that the policy can give", () => {
    expect(coverageOf(tested.policy(), cases).unseen).toEqual([]);
  });
});
