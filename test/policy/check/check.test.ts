// What an author gets wrong is told with its line and what may have been meant. Most of the mistakes are in planted-faults.yaml and
// planted-warnings.yaml.
import { cpSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { sources } from "../../../src/chart/sources.ts";
import { chartTypes } from "../../../src/policy/decision/chart.ts";
import { checkPolicies, loadPolicies } from "../../../src/policy/load/load.ts";
import { membership } from "../../../src/policy/terminology/membership.ts";
import { createTexts } from "../../../src/policy/terminology/texts.ts";

type Change = { readonly change: string; readonly to: string };
type Planted = Change & {
  readonly what: string;
  readonly file?: string;
  readonly and?: Change;
  readonly place: string;
  readonly reason: string;
  readonly meant?: string;
};

let directory: string;
const pathTo = (file: string) => join(directory, "imatinib-preferred", file);
const check = (file = "cases.yaml") => checkPolicies(directory, { needsCases: file === "cases.yaml" });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cards-"));
  cpSync("cards", directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Makes the changes. Returns line and column, from 1, of what stood behind ¦. */
function plant(file: string, ...changes: readonly Change[]) {
  let text = readFileSync(pathTo(file), "utf8");
  for (const { change, to } of changes) {
    expect(text).toContain(change);
    text = text.replace(change, () => to);
  }
  const before = text.slice(0, text.indexOf("¦")).split("\n");
  writeFileSync(pathTo(file), text.replace("¦", ""));
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

test("the policies of this repository have neither faults nor warnings", () => {
  expect(check()).toMatchObject({ faults: [], warnings: [] });
});

const plantedIn = (file: string) =>
  (parse(readFileSync(`test/policy/check/${file}`, "utf8"), { schema: "failsafe" }) as Planted[]).map(
    (each) => [each.what, each] as const,
  );

test.each(plantedIn("planted-faults.yaml"))("%s", (_what, each) => {
  const { file = "policy.yaml", place, reason, meant } = each;
  const position = plant(file, each, ...(each.and ? [each.and] : []));
  const { faults } = check(file); // the cases take longer to read than all else
  const found = faults.filter((fault) => fault.place === place && fault.file === pathTo(file));
  expect(found).toEqual([
    {
      file: pathTo(file),
      ...position,
      place,
      reason: reason.endsWith("…") ? expect.stringContaining(reason.slice(0, -1)) : reason,
      suggestion: meant,
    },
  ]);
});

test("an author may write what FHIR R4 allows", () => {
  plant(
    "policy.yaml",
    {
      change: "  hasAuthorization: >-",
      to: `  allowed: >-
    (MedicationRequest.status = 'active' or dosageInstruction.timing.repeat.bounds.ofType(Period).start.inPast()
    or extension.value.coding.code = 'x' or contained.ingredient.item.exists() or substitution.allowed.exists()
    or medicationCodeableConcept.coding[0].system.exists() or dispenseRequest.quantity.value > 3 or text.status = 'empty'
    or reasonReference.refersTo('Condition') or supportingInformation.display.exists() or note.text.select($this.lower()).exists()
    or (status is code) or (medication as CodeableConcept).text.exists() or resourceType = 'MedicationRequest'
    or iif(status.exists(), note, identifier).extension.exists() or meta.tag.memberOf('gleevec'))
  hasAuthorization: >-`,
    },
    { change: "appliesTo: >-\n  %orders.where(", to: "appliesTo: >-\n  %orders.where(%allowed and " },
  );
  expect(check()).toMatchObject({ faults: [], warnings: [] });
});

test("every fault of every policy and file is told at once", () => {
  cpSync(join(directory, "imatinib-preferred"), join(directory, "second"), { recursive: true });
  writeFileSync(join(directory, "second", "policy.yaml"), "title: x\n");
  plant("policy.yaml", { change: "%medicationDispenses.where", to: "%dispenses.where" });
  plant("cases.yaml", { change: "cases:\n", to: "cases:\n  - {}\n" });
  writeFileSync(pathTo("value-sets/gleevec.yaml"), "resourceType: Patient\n");
  const files = new Set(check().faults.map(({ file }) => file));
  expect([...files].sort()).toEqual(
    [
      ...["cases.yaml", "policy.yaml", "value-sets/gleevec.yaml"].map(pathTo),
      join(directory, "second", "policy.yaml"),
    ].sort(),
  );
});

test("what is not YAML is told with line and column, and the rest of the policy is looked at", () => {
  writeFileSync(pathTo("policy.yaml"), "title: [unclosed\nreviewDate: 2026-03-25\n");
  plant("value-sets/gleevec.yaml", { change: "resourceType: ValueSet", to: "resourceType: Patient" });
  const { faults } = check();
  expect(faults[0]).toMatchObject({
    file: pathTo("policy.yaml"),
    line: 2,
    reason: expect.stringMatching(/^is not YAML: /),
  });
  expect(faults.at(-1)).toMatchObject({ file: pathTo("value-sets/gleevec.yaml"), line: 1, column: 15 });
});

describe("cases.yaml", () => {
  test("without it, a policy has a fault for its author, and a warning where it is served", () => {
    unlinkSync(pathTo("cases.yaml"));
    const reason = "is missing, so the policy is untested";
    const finding = { file: pathTo("cases.yaml"), line: 1, column: 1, place: "", reason, suggestion: undefined };
    expect(check()).toMatchObject({ faults: [{ ...finding, reason: "is missing" }], warnings: [] });
    const warnings: unknown[] = [];
    expect(loadPolicies(directory, (warning) => warnings.push(warning))).toHaveLength(1);
    expect(warnings).toEqual([finding]);
  });

  test("it must hold a case", () => {
    writeFileSync(pathTo("cases.yaml"), "cases: []\n");
    expect(check().faults).toMatchObject([{ line: 1, column: 1, place: "cases", reason: "must not be an empty list" }]);
  });
});

describe("what works, but is not as it should be, is a warning", () => {
  test("a value set that nothing uses", () => {
    cpSync(pathTo("value-sets/gleevec.yaml"), pathTo("value-sets/spare.yaml"));
    expect(check()).toMatchObject({
      faults: [],
      warnings: [
        {
          file: pathTo("value-sets/spare.yaml"),
          line: 1,
          column: 1,
          reason: expect.stringMatching(/^this value set is unused/),
        },
      ],
    });
  });

  test.each(plantedIn("planted-warnings.yaml"))("%s", (_what, each) => {
    const position = plant(each.file ?? "policy.yaml", each, ...(each.and ? [each.and] : []));
    const { place, reason } = each;
    expect(check()).toMatchObject({ faults: [], warnings: [{ ...position, place, reason }] });
  });

  test("a code that is listed twice, and one that has another display in another value set", () => {
    const position = plant("value-sets/strength-400-mg.yaml", {
      change: "        - code: '403879'",
      to: "        - code: ¦'404589'\n          display: Gleevec 400 mg\n        - code: '403879'",
    });
    const rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    expect(check()).toMatchObject({
      faults: [],
      warnings: [
        { ...position, place: "compose.include.0.concept.1.code", reason: `${rxnorm}|404589 is listed twice` },
        {
          line: position.line + 1,
          column: 20,
          reason: `${rxnorm}|404589 has the display "imatinib 400 MG Oral Tablet [Gleevec]" in gleevec`,
        },
      ],
    });
  });
});

describe("a value set as a terminology service gives it", () => {
  const rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
  const brand = (code: string, more = {}) => ({
    system: rxnorm,
    version: "07062026",
    code,
    display: "Gleevec",
    ...more,
  });
  const give = (resource: object) => {
    unlinkSync(pathTo("value-sets/gleevec.yaml"));
    const downloaded = { resourceType: "ValueSet", url: "http://example.org/ValueSet/brand", ...resource };
    writeFileSync(pathTo("value-sets/gleevec.json"), JSON.stringify(downloaded, null, "\t"));
  };

  test("is an expansion: nested, with inactive codes, and with groups that are no codes", () => {
    give({
      compose: {
        include: [{ system: rxnorm, filter: [{ property: "TTY", op: "=", value: "SBD" }] }],
        exclude: [{ system: rxnorm, concept: [{ code: "1" }] }, { valueSet: ["http://example.org/ValueSet/other"] }],
      },
      expansion: {
        total: 4,
        contains: [
          brand("group", { abstract: true, contains: [brand("404588"), brand("404589", { inactive: true })] }),
          { display: "another group", abstract: true, contains: [brand("282386", { designation: [{ value: "x" }] })] },
        ],
      },
    });
    const { faults, policies } = check();
    expect(faults).toEqual([]);
    const isBrand = (code: string) =>
      policies.map(({ terminology }) =>
        membership(terminology, { coding: [{ system: rxnorm, code }] }, createTexts()).has("gleevec"),
      );
    expect(["404588", "404589", "282386", "group"].map(isBrand)).toEqual([[true], [true], [true], [false]]);
  });

  test("is a fault where it was not downloaded whole", () => {
    give({ expansion: { total: 3, contains: [brand("404588"), brand("404589")] } });
    expect(check().faults).toMatchObject([
      { line: 5, column: 12, place: "expansion.total", reason: "has 2 of 3 codes: download all of them" },
    ]);
  });

  test("is not there in two files", () => {
    cpSync(pathTo("value-sets/gleevec.yaml"), pathTo("value-sets/gleevec.yml"));
    expect(check().faults).toMatchObject([
      { file: pathTo("value-sets/gleevec.yml"), reason: 'is a second file for the value set "gleevec"' },
    ]);
  });

  test("must hold a code, or be known by text", () => {
    writeFileSync(pathTo("value-sets/no-known-allergies.yaml"), "resourceType: ValueSet\ncompose: { include: [] }\n");
    expect(check().faults).toMatchObject([
      { line: 1, column: 1, reason: "has no codes, and the policy has no text or names for it" },
    ]);
  });
});

test("a strength needs codes", () => {
  writeFileSync(pathTo("value-sets/strength-400-mg.yaml"), "resourceType: ValueSet\ncompose: { include: [] }\n");
  expect(check().faults).toMatchObject([
    { place: "products.replacements.1.valueSet", reason: 'the value set "strength-400-mg" has no codes' },
  ]);
});

test("the types that expressions are checked against are those that the chart is read as", () => {
  for (const [variable, type] of Object.entries(chartTypes)) {
    expect(sources[variable as keyof typeof sources].resourceType).toBe(type);
  }
});
