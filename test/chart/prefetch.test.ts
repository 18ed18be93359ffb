// What the client sends as prefetch, key by key: absent, null, empty, failed, paged and narrowed mean different things.
import { isNarrowed } from "../../src/chart/sources.ts";
import { allergy, bundle, call, draft, EMPTY_CHART, PATIENT, statement } from "../support/calls.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const outcome = (severity: string) => ({ resourceType: "OperationOutcome", issue: [{ severity, code: "processing" }] });
const detailOf = async (prefetch: Record<string, unknown>) =>
  (await service.cards(call([draft()], { ...EMPTY_CHART, ...prefetch })))[0]?.detail ?? "";

describe("an empty result", () => {
  test.each([
    ["null", null],
    ["a Bundle without entry", { resourceType: "Bundle" }],
    ["a Bundle with an empty entry", bundle()],
    [
      "Epic's warning in a Bundle of total 0",
      { resourceType: "Bundle", total: 0, entry: [{ search: { mode: "outcome" }, resource: outcome("warning") }] },
    ],
    ["a warning in place of a Bundle", outcome("warning")],
  ])("%s", async (_name, value) => {
    expect(await detailOf({ medicationStatements: value, allergies: value })).not.toMatch(
      /not received|could not be read|in part/i,
    );
  });
});

describe("a source that was not received or not read is named, and is not 'not found'", () => {
  test("an absent key", async () => {
    expect(await detailOf({ medicationDispenses: undefined })).toContain("Not received: dispense records.");
    expect(await detailOf({ medicationDispenses: undefined })).toContain(
      "Tried generic imatinib tablets: **not found in what was received**",
    );
  });

  test("all keys of a criterion absent", async () => {
    const detail = await detailOf({
      medicationStatements: undefined,
      medicationRequests: undefined,
      medicationDispenses: undefined,
    });
    expect(detail).toContain("Tried generic imatinib tablets: **not received**");
  });

  test.each([
    ["an OperationOutcome of severity error", outcome("error")],
    ["an OperationOutcome without issues", { resourceType: "OperationOutcome" }],
    ["a string", "nothing"],
    ["a Bundle whose entry is no list", { resourceType: "Bundle", entry: {} }],
    ["another resource", { resourceType: "Patient", id: "case-patient" }],
    ["a Bundle of other resources alone", bundle({ resourceType: "Patient", id: "case-patient" })],
  ])("%s in place of a Bundle", async (_name, value) => {
    expect(await detailOf({ medicationStatements: value })).toContain("Could not be read: medication statements.");
  });

  test("an OperationOutcome of severity fatal in a Bundle: the rest is used, and the card says that it is a part", async () => {
    const detail = await detailOf({ medicationStatements: bundle(statement(), outcome("fatal")) });
    expect(detail).toContain("Tried generic imatinib tablets: **found**");
    expect(detail).toContain("Received in part: medication statements.");
  });

  test("a further page that cannot be followed", async () => {
    const paged = { ...bundle(), link: [{ relation: "next", url: "https://ehr.example.org/fhir?page=2" }] };
    expect(await detailOf({ medicationStatements: paged })).toContain("Received in part: medication statements.");
  });

  test("fewer entries than the server counted", async () => {
    expect(await detailOf({ medicationRequests: { ...bundle(), total: 3 } })).toContain(
      "Received in part: prescriptions.",
    );
  });

  test("a search that the client narrowed", async () => {
    const self = `https://ehr.example.org/fhir/MedicationRequest?patient=${PATIENT}&status=active`;
    const detail = await detailOf({ medicationRequests: { ...bundle(), link: [{ relation: "self", url: self }] } });
    expect(detail).toContain("Received in part, since the EHR's query leaves records out: prescriptions.");
  });
});

describe("allergies that were not read in full forbid the change", () => {
  test.each([
    ["absent", undefined],
    ["failed", outcome("error")],
    ["in part", bundle(outcome("error"))],
    [
      "narrowed",
      { ...bundle(), link: [{ relation: "self", url: `AllergyIntolerance?patient=${PATIENT}&criticality=high` }] },
    ],
    [
      "with a record that cannot be read",
      bundle({ resourceType: "AllergyIntolerance", patient: { reference: `Patient/${PATIENT}` } }),
    ],
  ])("%s", async (_name, allergies) => {
    const [card] = await service.cards(call([draft()], { ...EMPTY_CHART, allergies }));
    expect(card).not.toHaveProperty("suggestions");
    expect(card?.detail).toContain("cannot be ruled out");
  });
});

describe("412 exactly when nothing clinical could be read", () => {
  test.each([
    ["no prefetch", undefined],
    ["an empty prefetch", {}],
    [
      "prefetch of other keys",
      { patient: { resourceType: "Patient", id: PATIENT }, request: null, practitioner: null },
    ],
    ["coverage alone", { coverage: bundle() }],
    ["only failures", { medicationStatements: outcome("error"), allergies: outcome("fatal") }],
  ])("412: %s", async (_name, prefetch) => {
    const { status, headers, body } = await service.orderSign({ ...call(), prefetch });
    expect(status).toBe(412);
    expect(headers.get("content-type")).toContain("application/fhir+json");
    expect(body).toMatchObject({ issue: [{ severity: "error", code: "incomplete" }] });
  });

  test.each([
    ["dispense records alone", { medicationDispenses: bundle() }],
    ["allergies alone", { allergies: bundle() }],
  ])("a card: %s", async (_name, prefetch) => {
    expect(await service.cards({ ...call(), prefetch })).toHaveLength(1);
  });

  test("no 412 for a call without an order that a policy speaks about", async () => {
    expect(await service.cards({ ...call([]), prefetch: undefined })).toEqual([]);
  });
});

describe("records", () => {
  test.each([
    ["no status", { status: undefined }],
    ["a drug that is no object", { medicationCodeableConcept: "imatinib" }],
    ["no patient", { subject: undefined }],
    ["a patient by identifier only", { subject: { identifier: { value: "1" } } }],
    ["a drug without any name", { medicationCodeableConcept: { coding: [{}] } }],
  ])("a record with %s is counted, named on the card and logged without its content", async (_name, parts) => {
    const chart = { medicationStatements: bundle(statement({ ...parts, id: "planted-id" })) };
    expect(await detailOf(chart)).toContain("1 medication record could not be read.");
    expect(service.log.at(-1)).toContain("prefetch: 1 unreadable");
    expect(service.log.join()).not.toContain("planted-id");
  });

  test("records of another patient are ignored and counted", async () => {
    const detail = await detailOf({
      medicationStatements: bundle(statement({ subject: { reference: "Patient/planted-stranger" } })),
    });
    expect(detail).toContain("Tried generic imatinib tablets: **not found**");
    expect(service.log.at(-1)).toContain("1 of another patient");
    expect(service.log.join()).not.toContain("planted-stranger");
  });

  test("one ill-formed date hides no other record", async () => {
    const records = bundle(
      statement({ id: "a", effectiveDateTime: "yesterday" }),
      statement({ id: "b", effectiveDateTime: 7 }),
      statement({ id: "c" }),
    );
    const detail = await detailOf({ medicationStatements: records });
    for (const id of ["a", "b", "c"]) expect(detail).toContain(`MedicationStatement/${id}`);
  });

  test("the same record twice counts once", async () => {
    const detail = await detailOf({ medicationStatements: bundle(statement(), statement()) });
    expect(detail.match(/MedicationStatement\/statement-1/g)).toHaveLength(1);
  });

  test("a key that begins with a dash, as it may at Epic", async () => {
    const { allergies, ...rest } = EMPTY_CHART;
    const [card] = await service.cards(call([draft()], { ...rest, "-allergies": bundle(allergy()) }));
    expect(card?.detail).toContain("titanium dioxide");
  });

  test("one resource in place of a Bundle", async () => {
    const coverage = {
      resourceType: "Coverage",
      status: "active",
      beneficiary: { reference: `Patient/${PATIENT}` },
      payor: [{ display: "Example Health Plan" }],
    };
    expect(await service.cards(call([draft()], { ...EMPTY_CHART, coverage }))).toEqual([]);
  });

  test("the payer's name in an Organization of the Bundle, contained or in prefetch", async () => {
    const organization = { resourceType: "Organization", id: "o1", name: "Example Health Plan" };
    const coverage = (reference: string, parts = {}) => ({
      resourceType: "Coverage",
      status: "active",
      beneficiary: { reference: `Patient/${PATIENT}` },
      payor: [{ reference }],
      ...parts,
    });
    for (const prefetch of [
      { coverage: bundle(coverage("Organization/o1"), organization) },
      { coverage: bundle(coverage("#o1", { contained: [organization] })) },
      { coverage: bundle(coverage("Organization/o1")), allergies: bundle(organization) },
    ]) {
      expect(await service.cards(call([draft()], { ...EMPTY_CHART, ...prefetch }))).toEqual([]);
    }
  });

  test("a reported statement whose informant is contained", async () => {
    const reported = statement({
      informationSource: { reference: "#me" },
      contained: [{ resourceType: "RelatedPerson", id: "me" }],
    });
    expect(await detailOf({ medicationStatements: bundle(reported) })).toContain(
      "reported by the patient or a relative only",
    );
  });
});

test.each([
  ["medicationRequests", "MedicationRequest?patient=1", false],
  [
    "medicationRequests",
    "https://x/MedicationRequest?subject=Patient/1&_count=50&_include=MedicationRequest:medication&_sort=-date",
    false,
  ],
  ["medicationRequests", "MedicationRequest?patient=1&intent=order,plan", false],
  ["medicationRequests", "MedicationRequest?patient=1&status=active&status=completed&status=stopped", false],
  ["medicationRequests", "MedicationRequest?patient=1&status=active,completed", true],
  ["medicationRequests", "MedicationRequest?patient=1&intent=order", true],
  ["medicationRequests", "MedicationRequest?patient=1&authoredon=ge2026", true],
  ["medicationStatements", "MedicationStatement?patient=1&_elements=status", true],
  ["allergies", "AllergyIntolerance?patient=1&clinical-status=active", false],
  [
    "allergies",
    "AllergyIntolerance?patient=1&clinical-status=http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|active",
    false,
  ],
  ["allergies", "AllergyIntolerance?patient=1&clinical-status=resolved", true],
  ["coverage", "Coverage?beneficiary=1&status=active", false],
] as const)("%s, %s: narrowed is %s", (variable, self, narrowed) => {
  expect(isNarrowed(variable, self)).toBe(narrowed);
});
