// The policies of test/policies were written from cards/README.md, without src (example-two-preferred with a look at the JSON Schema, and
// mended afterwards). They have no fault, their cases pass, see all that they can give and notice each change of them, and one call may
// concern several policies.
import { join } from "node:path";
import { coverageOf } from "../../src/authoring/coverage.ts";
import { findSurvivors, testedOf } from "../../src/authoring/mutation/survivors.ts";
import { checksOf } from "../../src/authoring/run-cases.ts";
import { callOfCase, draftsOf, readCases } from "../../src/cases/cases.ts";
import { answerOrderSign } from "../../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../../src/chart/ehr.ts";
import { sourcesRead } from "../../src/policy/format/policy.ts";
import { takeNotes } from "../../src/policy/load/findings.ts";
import { checkPolicies, loadPolicies, readPolicy } from "../../src/policy/load/load.ts";

const directory = "test/policies";
const { policies, faults, warnings } = checkPolicies(directory, { needsCases: true });
const settings = { callDeadline: 1_000, baseUrl: "http://localhost", exceptionCard: false };
const caller = {
  client: { replacement: "update", dialect: "standard" },
  ehr: connectEhr({ fhirServers: [], privateNetwork: false }),
} as const;

test("they have no fault and no warning", () => {
  expect([faults, warnings]).toEqual([[], []]);
  expect(policies.length).toBeGreaterThan(0);
});

describe.each(policies.map(({ id }) => id))("%s", (id) => {
  const folder = join(directory, id);
  const written = readPolicy(folder, takeNotes());
  if (!written) throw new Error(`${folder} cannot be read`);
  const cases = readCases(folder);
  const tested = testedOf(written);

  test("its cases pass", () => {
    expect(checksOf(cases).flatMap(({ differences }) => [...differences(tested)])).toEqual([]);
  });

  test("the service decides its cases as they say", async () => {
    const policy = tested.policy();
    const answers = cases.cases.map(async (given) => {
      const { decisions } = await answerOrderSign(callOfCase(given), caller, { ...settings, policies: [policy] });
      return [given.name, decisions[0]?.decision.row ?? "no-order"];
    });
    expect(await Promise.all(answers)).toEqual(cases.cases.map(({ name, expect: { row } }) => [name, row]));
  });

  test("its cases see all that it can give", () => {
    expect(coverageOf(tested.policy(), cases).unseen).toEqual([]);
  });

  test("its cases notice each change of it, but for those named equivalent", () => {
    const { survivors, noticed, unknown } = findSurvivors(written, cases);
    expect([survivors.map(({ id: mutant }) => mutant), noticed, unknown]).toEqual([[], [], []]);
  });
});

test("what is asked of other orders of the drug alone is read, too", () => {
  const [policy] = policies;
  if (!policy) throw new Error("no policy");
  const none = { criteria: [], cautions: [], unanswered: [] };
  expect(sourcesRead({ ...policy, ...none })).toEqual(expect.arrayContaining(policy.alreadyOrdered.variables));
});

test("a call that holds an order of each policy gets a card of each", async () => {
  const all = [...policies, ...loadPolicies("cards")];
  const folders = [...policies.map(({ id }) => join(directory, id)), "cards/imatinib-preferred"];
  const changed = folders.map((folder) => readCases(folder).cases.find(({ expect: { row } }) => row === "change"));
  const [first] = changed;
  if (!first) throw new Error("no case with a change");
  const drafts = changed.flatMap((given, policy) =>
    given ? draftsOf(given).map((draft, at) => ({ ...draft, id: `order-${policy}-${at}` })) : [],
  );
  const call = callOfCase({ ...first, coverage: [], medicationStatements: [], medicationDispenses: [] });
  const entry = drafts.map((resource) => ({ resource }));
  const body = { ...call, context: { ...call.context, draftOrders: { resourceType: "Bundle", entry } } };
  const { cards } = await answerOrderSign(body, caller, { ...settings, policies: all });
  expect(new Set(cards.map(({ source }) => source.url)).size).toBe(all.length);
});
