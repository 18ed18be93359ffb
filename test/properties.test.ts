// Properties that hold whatever comes: no body breaks the service, the order of records does not matter, other records change
// nothing, and more evidence never makes a criterion less met.
import fc from "fast-check";
import { readCase } from "../src/authoring/run-cases.ts";
import { loadCases, type PolicyCase } from "../src/cases/cases.ts";
import { SERVICE_ID } from "../src/cds-hooks/discovery.ts";
import type { Chart, ChartVariable } from "../src/policy/decision/chart.ts";
import { chartVariables } from "../src/policy/decision/chart.ts";
import { type Decision, decide } from "../src/policy/decision/decide.ts";
import type { FhirRecord } from "../src/policy/fhir-json.ts";
import type { Policy } from "../src/policy/format/policy.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { bundle, call, coded, draft, EMPTY_CHART, RXNORM } from "./support/calls.ts";
import { type Service, startService } from "./support/service.ts";

const [policy] = loadPolicies("cards") as [Policy];
const cases = loadCases("cards/imatinib-preferred").filter(({ expect: { row } }) => row !== "no-order");
const RUNS = 150;

let service: Service;
beforeAll(async () => {
  service = await startService({ callDeadline: 300 });
});
afterAll(() => service.stop());

describe("no body gives a 5xx or ends the process", () => {
  const send = async (body: unknown) => {
    const text = JSON.stringify(body) ?? "";
    const headers = { "content-type": "application/json" };
    for (const path of [`/cds-services/${SERVICE_ID}`, `/cds-services/${SERVICE_ID}/feedback`]) {
      expect((await service.request("POST", path, { body: text, headers })).status).toBeLessThan(500);
    }
  };

  test("arbitrary JSON", () => fc.assert(fc.asyncProperty(fc.jsonValue(), send), { numRuns: RUNS }));

  test("a call in which one part is arbitrary JSON", () => {
    const parts = ["hook", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension"];
    const property = fc.asyncProperty(fc.constantFrom(...parts), fc.jsonValue(), (part, value) =>
      send({ ...call(), [part]: value }),
    );
    return fc.assert(property, { numRuns: RUNS });
  });

  test("a draft, a chart record or a prefetch that is arbitrary JSON in places", () => {
    const elements = [
      "id",
      "status",
      "subject",
      "medicationCodeableConcept",
      "medicationReference",
      "contained",
      "extension",
      "dosageInstruction",
      "reasonReference",
      "reasonCode",
      "substitution",
      "category",
      "note",
      "reaction",
      "code",
      "payor",
      "period",
      "type",
    ];
    const spoiled = fc.dictionary(fc.constantFrom(...elements), fc.jsonValue(), { maxKeys: 4 });
    const property = fc.asyncProperty(
      spoiled,
      spoiled,
      fc.constantFrom(...chartVariables),
      fc.jsonValue(),
      async (ofDraft, ofRecord, key, value) => {
        const record = {
          ...draft({ id: "r" }),
          patient: { reference: "Patient/case-patient" },
          beneficiary: { reference: "Patient/case-patient" },
          ...ofRecord,
        };
        const types = {
          coverage: "Coverage",
          medicationStatements: "MedicationStatement",
          medicationRequests: "MedicationRequest",
          medicationDispenses: "MedicationDispense",
          allergies: "AllergyIntolerance",
        };
        const chart = Object.fromEntries(
          chartVariables.map((variable) => [variable, bundle({ ...record, resourceType: types[variable] })]),
        );
        await send(call([draft(ofDraft), draft()], chart));
        await send(call([draft()], { ...chart, [key]: value }));
      },
    );
    return fc.assert(property, { numRuns: RUNS });
  });

  test.each([
    ["a body nested 100,000 deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    [
      "a draft nested 100,000 deep",
      JSON.stringify(call()).replace(
        '"status":"draft"',
        `"status":"draft","note":${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      ),
    ],
    [
      "a record nested 50,000 deep",
      JSON.stringify(call([draft()], { ...EMPTY_CHART, allergies: bundle("deep") })).replace(
        '"deep"',
        `{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/case-patient"},"code":{"text":"lactose"},"reaction":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
      ),
    ],
    [
      "keys that reach for prototypes",
      JSON.stringify(call()).replace(
        '"hook":',
        '"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"hook":',
      ),
    ],
  ])("%s", async (_name, body) => {
    const answer = await service.request("POST", `/cds-services/${SERVICE_ID}`, {
      body,
      headers: { "content-type": "application/json" },
    });
    expect(answer.status).toBeLessThan(500);
    expect({}).not.toHaveProperty("isAdmin");
  });
});

const brief = (decision: Decision) => ({
  row: decision.row,
  payer: decision.payer,
  criteria: decision.criteria.map(({ criterion, outcome }) => [criterion.id, outcome]),
  cautions: decision.cautions.map(({ caution }) => caution.id),
  changes: decision.changes.map(({ kind }) => kind),
});

/** The chart of a case with other records in one source. */
function withRecords(
  chart: Chart,
  variable: ChartVariable,
  change: (records: readonly FhirRecord[]) => readonly FhirRecord[],
): Chart {
  const source = chart[variable];
  return source.state === "read" ? { ...chart, [variable]: { ...source, records: change(source.records) } } : chart;
}

const someCase = fc.constantFrom(...cases);
const read = (given: PolicyCase) => {
  const found = readCase(policy, given);
  if (!found) throw new Error("the policy applies to no order of the case");
  return found;
};
const chartOf = (given: PolicyCase) => read(given).chart;
const decideCase = (given: PolicyCase, chart: Chart) => {
  const { applicable, reading } = read(given);
  return decide(applicable, chart, reading);
};

test("the order of the records never changes a decision", () => {
  // Two cases in one chart, so that there is something to permute.
  const property = fc.property(someCase, someCase, fc.infiniteStream(fc.nat()), (one, other, numbers) => {
    const joined = chartVariables.reduce((chart, variable) => {
      const more = chartOf(other)[variable];
      return withRecords(chart, variable, (records) => [...records, ...(more.state === "read" ? more.records : [])]);
    }, chartOf(one));
    const shuffled = chartVariables.reduce((chart, variable) => {
      return withRecords(chart, variable, (records) =>
        records
          .map((record) => ({ record, at: numbers.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ record }) => record),
      );
    }, joined);
    expect(brief(decideCase(one, shuffled))).toEqual(brief(decideCase(one, joined)));
  });
  fc.assert(property, { numRuns: RUNS });
});

test("records of other drugs and substances never change a decision", () => {
  const drug = fc.constantFrom(
    "aspirin 81 mg tablet",
    "metformin",
    "nilotinib 150 mg capsule",
    "peanut",
    "penicillin V",
    "shellfish",
    "sulfonamide",
  );
  const irrelevant = fc.record({
    text: drug,
    status: fc.constantFrom("active", "completed", "stopped"),
    criticality: fc.constantFrom("high", "low"),
  });
  const property = fc.property(someCase, fc.array(irrelevant, { maxLength: 5 }), (given, extras) => {
    const chart = chartVariables
      .filter((variable) => variable !== "coverage")
      .reduce((before, variable) => {
        const added = extras.map(
          ({ text, ...rest }): FhirRecord => ({
            resourceType: "Any",
            medicationCodeableConcept: { text },
            code: { text },
            ...rest,
          }),
        );
        return withRecords(before, variable, (records) => [...added, ...records]);
      }, chartOf(given));
    expect(brief(decideCase(given, chart))).toEqual(brief(decideCase(given, chartOf(given))));
  });
  fc.assert(property, { numRuns: RUNS });
});

test("more evidence never makes a criterion less met", () => {
  const RANK = ["unknown", "not-found", "supporting", "documented"];
  const trial: FhirRecord = {
    resourceType: "MedicationStatement",
    status: "completed",
    medicationCodeableConcept: coded(RXNORM, "403879"),
  };
  const reported: FhirRecord = { ...trial, informationSource: { reference: "Patient/case-patient" } };
  const reaction: FhirRecord = { resourceType: "AllergyIntolerance", criticality: "high", code: { text: "lactose" } };
  const mild: FhirRecord = { ...reaction, criticality: "low" };
  const evidence = fc.constantFrom<[ChartVariable, FhirRecord]>(
    ["medicationStatements", trial],
    ["medicationStatements", reported],
    ["allergies", reaction],
    ["allergies", mild],
  );
  const property = fc.property(someCase, fc.array(evidence, { maxLength: 4 }), (given, added) => {
    const before = decideCase(given, chartOf(given));
    const chart = added.reduce(
      (current, [variable, record]) => withRecords(current, variable, (records) => [...records, record]),
      chartOf(given),
    );
    for (const [index, { outcome }] of decideCase(given, chart).criteria.entries()) {
      expect(RANK.indexOf(outcome)).toBeGreaterThanOrEqual(RANK.indexOf(before.criteria[index]?.outcome ?? ""));
    }
  });
  fc.assert(property, { numRuns: RUNS });
});
