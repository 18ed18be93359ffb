// The first look at the chart drops nothing that an expression would select: compared with giving every record to every expression.
import { join } from "node:path";
import fc from "fast-check";
import { chartOfCase, loadCases, ordersOfCase, type PolicyCase, readCases } from "../../src/playground/cases.ts";
import type { chartVariables } from "../../src/policy/chart.ts";
import { expressionsOf } from "../../src/policy/decide.ts";
import { poolRecords, select } from "../../src/policy/evidence.ts";
import type { Expression } from "../../src/policy/expression.ts";
import type { FhirRecord } from "../../src/policy/fhir-json.ts";
import { loadPolicies } from "../../src/policy/load.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { fold, mayMention, mentions } from "../../src/policy/terms.ts";

function selectedOf(evaluate: Expression["evaluate"], variable: string, record: FhirRecord): boolean {
  try {
    return evaluate({ [variable]: [record] }).length > 0;
  } catch {
    return false;
  }
}

/** What each expression selects, by the first look and without it. */
function compare(policy: Policy, given: PolicyCase, changed: (record: FhirRecord) => FhirRecord = (record) => record) {
  const chart = chartOfCase(given);
  for (const source of Object.values(chart)) {
    if (source.state === "read") Object.assign(source, { records: source.records.map(changed) });
  }
  const orders = ordersOfCase(given).map(({ resolved }) => resolved);
  const expressions = expressionsOf(policy);
  const { pools } = poolRecords(policy.terminology, expressions, chart, orders);
  for (const expression of expressions) {
    const everything = expression.variables.flatMap((variable) => {
      const source = variable === "orders" ? undefined : chart[variable as (typeof chartVariables)[number]];
      const records = source ? (source.state === "read" ? source.records : []) : orders;
      return records.filter((record) => selectedOf(expression.evaluate, variable, record));
    });
    expect([expression.text, select(expression, pools)]).toEqual([expression.text, everything]);
  }
}

describe.each(loadPolicies("cards").map((policy) => [policy.id, policy] as const))("%s", (id, policy) => {
  const cases = loadCases(join("cards", id));
  const names = Object.values(readCases(join("cards", id)).names).flatMap((grades) => Object.values(grades).flat());

  test.each(cases.map((given) => [given.name, given] as const))("%s", (_name, given) => compare(policy, given));

  test("with other names in the records", () => {
    const place = fc.constantFrom("code", "medicationCodeableConcept", "reaction", "note", "description");
    const property = fc.property(
      fc.constantFrom(...cases),
      place,
      fc.constantFrom(...names),
      (given, element, name) => {
        const elements: Record<string, unknown> = {
          code: { text: name },
          medicationCodeableConcept: { coding: [{ display: name }] },
          reaction: [{ substance: { coding: [{ code: "x", display: name }] }, severity: "severe" }],
          note: { text: `Patient reports: ${name}.` },
          description: [{ substance: { text: "x" }, description: name }],
        };
        const target = element === "description" ? "reaction" : element;
        compare(policy, given, (record) => ({ ...record, [target]: elements[element] }));
      },
    );
    fc.assert(property, { numRuns: 150 });
  });

  test("a text that may mention no term mentions none", () => {
    const { termsByText } = policy.terminology;
    const part = fc.oneof(
      fc.constantFrom(...termsByText),
      fc.constantFrom(...names),
      fc.constantFrom(" ", "-", "_", ".", ",", "1", "s", "x", "(", "\u00a0", "\uff30", "é", "\ufb01", "’"),
      fc.string({ maxLength: 3 }),
    );
    const spelled = fc.constantFrom(
      (text: string) => text,
      (text: string) => text.toUpperCase(),
      (text: string) => text.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)), // full width
    );
    const property = fc.property(fc.array(part, { maxLength: 6 }), spelled, (parts, spell) => {
      const text = spell(parts.join(""));
      if (mentions(fold(text), termsByText)) expect([text, mayMention(text, termsByText)]).toEqual([text, true]);
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
