// The screen rules out only what no expression would select: on the cases of every policy, on records that name what a policy knows in
// unusual places and letters, and compared with giving every record to every expression.
import { join } from "node:path";
import fc from "fast-check";
import { loadCases, type PolicyCase, readCases, recordsOf } from "../../../src/cases/cases.ts";
import { chartVariables } from "../../../src/policy/decision/chart.ts";
import type { FhirRecord } from "../../../src/policy/fhir-json.ts";
import type { Expression } from "../../../src/policy/fhirpath/expression.ts";
import { expressionsOf, type Policy } from "../../../src/policy/format/policy.ts";
import { loadPolicies } from "../../../src/policy/load/load.ts";
import { type Reading, startReading } from "../../../src/policy/terminology/reading.ts";
import type { Screened } from "../../../src/policy/terminology/screen.ts";
import { mentions } from "../../../src/policy/terminology/terms.ts";

const [policy] = loadPolicies("cards");
if (!policy) throw new Error("no policy");

function isSelected({ evaluate }: Expression, variable: string, record: FhirRecord, { texts }: Reading): boolean {
  try {
    return evaluate({ [variable]: [record] }, texts).length > 0;
  } catch {
    return false;
  }
}

/** Fails for a record that an expression selects, and that the screen does not give to it. @returns how many were selected */
function compare(tested: Policy, given: PolicyCase, changed = (record: FhirRecord) => record): number {
  const reading = startReading([tested]);
  let selected = 0;
  for (const variable of chartVariables.filter((name): name is Screened & typeof name => name !== "coverage")) {
    const asking = expressionsOf(tested).filter(({ variables }) => variables.includes(variable));
    for (const record of recordsOf(given, variable).map(changed)) {
      const sets = reading.screen.record(variable, record).get(tested) ?? new Set();
      for (const expression of asking.filter((each) => isSelected(each, variable, record, reading))) {
        selected += 1;
        const isGiven = expression.valueSets.some((set) => sets.has(set));
        expect([given.name, expression.text, isGiven]).toEqual([given.name, expression.text, true]);
      }
    }
  }
  return selected;
}

describe.each([...loadPolicies("cards"), ...loadPolicies("test/policies")].map((each) => [each.id, each] as const))(
  "%s",
  (id, tested) => {
    const folder = join(id === policy.id ? "cards" : "test/policies", id);
    const cases = loadCases(folder);
    const names = Object.values(readCases(folder).names).flatMap((grades) => Object.values(grades).flat());

    test("its cases", () => {
      const selected = cases.map((given) => compare(tested, given));
      expect(selected.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(5);
    });

    test("other names in the records", () => {
      const place = fc.constantFrom("code", "medicationCodeableConcept", "reaction", "note", "description");
      const spelled = fc.constantFrom(
        (text: string) => text,
        (text: string) => text.toUpperCase(),
        (text: string) => `${text}s`,
        (text: string) => text.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)), // full width
      );
      const name = fc.constantFrom(...names, ...tested.terminology.termsByText);
      const property = fc.property(fc.constantFrom(...cases), place, name, spelled, (given, element, plain, spell) => {
        const text = spell(plain);
        const elements: Record<string, unknown> = {
          code: { text },
          medicationCodeableConcept: { coding: [{ display: text }] },
          reaction: [{ substance: { coding: [{ code: "x", display: text }] }, severity: "severe" }],
          note: { text: `Patient reports: ${text}.` },
          description: [{ substance: { text: "x" }, description: text }],
        };
        const target = element === "description" ? "reaction" : element;
        compare(tested, given, (record) => ({ ...record, [target]: elements[element] }));
      });
      fc.assert(property, { numRuns: 150 });
    });
  },
);

test("a text that the screen rules out mentions no term", () => {
  const { termsByText } = policy.terminology;
  const part = fc.oneof(
    fc.constantFrom(...termsByText),
    fc.constantFrom(" ", "-", "_", ".", ",", "1", "s", "x", "(", "\u00a0", "\uff30", "é", "\ufb01", "’"),
    fc.string({ maxLength: 3 }),
  );
  const asked = new Set(
    expressionsOf(policy).flatMap(({ variables, valueSets }) => (variables.includes("allergies") ? valueSets : [])),
  );
  const ofAllergies = [...policy.terminology.sets.values()].flatMap(({ name, names }) =>
    asked.has(name) ? (names?.names ?? []) : [],
  );
  const property = fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
    const text = parts.join("");
    const { screen } = startReading([policy]);
    if (mentions(text, ofAllergies)) expect([text, screen.mayName("allergies", text)]).toEqual([text, true]);
  });
  fc.assert(property, { numRuns: 2000 });
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
  ["a name in the narrative only", { code: { text: "Peanut" }, text: { div: "<div>povidone</div>" } }, false],
])("%s matches: %p", (_name, parts, isMatch) => {
  expect(startReading([policy]).screen.record("allergies", allergy(parts)).has(policy)).toBe(isMatch);
});

const order = (drug: object): FhirRecord => ({ resourceType: "MedicationRequest", medicationCodeableConcept: drug });
const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";

test.each<[string, FhirRecord, string | undefined]>([
  ["another drug", order({ text: "metformin 500 mg tablet", coding: [{ system: RXNORM, code: "860975" }] }), undefined],
  ["another drug of the same strength", order({ text: "metoprolol 100 mg tablet" }), undefined],
  ["the brand by name", order({ text: "GLEEVEC 400" }), "gleevec"],
  [
    "the brand by NDC of any package",
    order({ coding: [{ code: "00078-0401-99", system: "http://hl7.org/fhir/sid/ndc" }] }),
    "gleevec",
  ],
])("a draft of %s", (_name, draft, set) => {
  const matches = startReading([policy]).screen.record("orders", draft).get(policy);
  expect(set === undefined ? matches : matches?.has(set)).toBe(set === undefined ? undefined : true);
});
