// The first look at a record leaves out only what no expression would select: on every case of every policy, and on records that
// name what the policy knows in unusual places.
import { join } from "node:path";
import { ordersOfCase, readCases, recordsOf } from "../../src/playground/cases.ts";
import { rememberAlike } from "../../src/policy/alike.ts";
import { chartVariables } from "../../src/policy/chart.ts";
import { expressionsOf } from "../../src/policy/decide.ts";
import type { FhirRecord } from "../../src/policy/fhir-json.ts";
import { loadPolicies } from "../../src/policy/load.ts";
import { needsOf } from "../../src/policy/needs.ts";
import { drugOf } from "../../src/policy/order.ts";
import { indexPolicies } from "../../src/policy/policy-index.ts";
import { createSight } from "../../src/policy/sight.ts";

const policies = loadPolicies("cards");
const [policy] = policies;
if (!policy) throw new Error("no policy");
const { cases } = readCases(join("cards", policy.id));
const expressions = expressionsOf(policy);

test("what an expression selects is seen, and meets what it requires", () => {
  const sight = createSight([policy]);
  let selected = 0;
  for (const given of cases) {
    for (const variable of chartVariables) {
      for (const record of recordsOf(given, variable)) {
        for (const expression of expressions.filter(({ variables }) => variables.includes(variable))) {
          if (expression.evaluate({ [variable]: [record] }).length === 0) continue;
          selected += 1;
          expect([given.name, sight(variable, record)]).toEqual([given.name, true]);
          expect([given.name, needsOf(expression).requirements.get(variable)?.(record)]).toEqual([given.name, true]);
        }
      }
    }
  }
  expect(selected).toBeGreaterThan(300);
});

test("an order that an expression selects meets what it requires", () => {
  for (const { resolved } of cases.flatMap(ordersOfCase)) {
    for (const expression of expressions.filter(({ variables }) => variables.includes("orders"))) {
      const isSelected = expression.evaluate({ orders: [resolved] }).length > 0;
      if (isSelected) expect(needsOf(expression).requirements.get("orders")?.(resolved)).toBe(true);
    }
  }
});

const allergy = (parts: object): FhirRecord => ({ resourceType: "AllergyIntolerance", id: "a", ...parts });

test.each<[string, object, boolean]>([
  [
    "another substance",
    { code: { text: "Peanut", coding: [{ system: "http://snomed.info/sct", code: "762952008" }] } },
    false,
  ],
  [
    "a code of the policy",
    { code: { text: "x", coding: [{ system: "http://snomed.info/sct", code: "47703008" }] } },
    true,
  ],
  ["a name of the policy", { code: { text: "Lactose intolerance" } }, true],
  ["a display only", { code: { text: "see code", coding: [{ display: "povidone" }] } }, true],
  ["one coding that is no list", { code: { text: "x", coding: { display: "povidone" } } }, true],
  ["the substance of a reaction", { code: { text: "tablet" }, reaction: [{ substance: { text: "povidone" } }] }, true],
  ["a reaction's description", { code: { text: "tablet" }, reaction: [{ description: "after povidone" }] }, true],
  ["a note", { code: { text: "tablet" }, note: [{ text: "gelatin?" }] }, true],
  ["letters that fold to a name", { code: { text: "ｐｏｖｉｄｏｎｅ" } }, true],
  ["nothing named", { code: { coding: [{ code: "x" }] } }, true],
  ["a name in the narrative only", { code: { text: "Peanut" }, text: { div: "<div>povidone</div>" } }, false],
])("%s is seen: %p", (_name, parts, isSeen) => {
  expect(createSight([policy])("allergies", allergy(parts))).toBe(isSeen);
});

test("the policies of a drug are found by code and by word", () => {
  const { mayConcern, mayMean } = indexPolicies(policies);
  const drugs = cases.flatMap(ordersOfCase).map(({ resolved }) => drugOf(resolved) ?? {});
  expect(drugs.filter((drug) => mayConcern(drug).length > 0).length).toBeGreaterThan(100);
  expect(
    mayConcern({
      text: "metformin 500 mg tablet",
      coding: [{ system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "860975" }],
    }),
  ).toEqual([]);
  expect(mayConcern({ text: "GLEEVEC 400" })).toEqual([policy]);
  expect([mayMean("lisinopril"), mayMean("Gleevec"), mayMean("ｇｌｅｅｖｅｃ")]).toEqual([false, true, true]);
});

test("orders are alike only where the elements asked about hold the same codes", () => {
  const selects = rememberAlike(policy.appliesTo);
  const order = (parts: object): FhirRecord => ({ resourceType: "MedicationRequest", ...parts });
  for (let time = 0; time < 2; time += 1) {
    expect(selects(order({ status: "draft" }))).toBe(true);
    expect(selects(order({ status: "cancelled" }))).toBe(false);
    expect(selects(order({ status: "draft", doNotPerform: true }))).toBe(false);
    expect(selects(order({ status: "draft", doNotPerform: "true" }))).toBe(true); // no boolean: as FHIRPath reads it
    expect(selects(order({ status: "draft", category: [{ coding: [{ code: "inpatient" }] }] }))).toBe(false);
    expect(selects(JSON.parse('{"resourceType":"MedicationRequest","status":"draft"}'))).toBe(true);
    expect(selects(order({ status: "draft", category: [{ coding: [{ code: "outpatient" }] }] }))).toBe(true);
  }
});

test("what JSON writes as null is not remembered as what is not there", () => {
  const absent: FhirRecord = { resourceType: "MedicationRequest" };
  const values = [JSON.parse("1e999"), null, undefined];
  const asked = values.map((doNotPerform) => ({ ...absent, doNotPerform }));
  const answers = new Map<unknown, boolean>();
  const expression = {
    ...policy.appliesTo,
    evaluate: ({ orders: [order] }: { orders: readonly FhirRecord[] }) =>
      order?.doNotPerform === undefined ? [order] : [],
  } as unknown as typeof policy.appliesTo;
  const selects = rememberAlike(expression);
  for (const order of asked) answers.set(order.doNotPerform, selects(order));
  expect([...answers.values()]).toEqual([false, false, true]);
});
