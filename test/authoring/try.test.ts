// `npm run policy -- try`, as an author runs it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPolicy } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "try-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (content: unknown) => {
  const file = join(folder, "call.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};
const tryExample = (content: unknown, ...args: string[]) =>
  runPolicy("try", "example", fileOf(content), "--cards", "test/authoring/small", ...args);

const subject = { reference: "urn:uuid:p" };
const drug = (code: string, text?: string) => ({ text, coding: [{ system: "urn:example", code }] });
const draft = (medicationCodeableConcept: object, more: object = {}) => ({
  ...{ resourceType: "MedicationRequest", id: "d", status: "draft", intent: "order", subject },
  medicationCodeableConcept,
  ...more,
});
/** A Bundle as servers export patients: references by the address of the entry. */
const bundle = (...resources: object[]) => ({
  resourceType: "Bundle",
  type: "collection",
  entry: [
    { fullUrl: "urn:uuid:p", resource: { resourceType: "Patient", id: "7" } },
    ...resources.map((resource) => ({ resource })),
  ],
});

test("a request: the card as the prescriber sees it, suggestion included", async () => {
  const { output, code } = await runPolicy("try", "imatinib-preferred", "docs/examples/change.json");
  expect(output).toContain("MedicationRequest/draft-1");
  expect(output).toContain("1B Tried generic imatinib tablets: not-found");
  expect(output).toContain("Decision: row change");
  expect(output).toContain("[ Change to imatinib 400 MG Oral Tablet ]");
  expect(output).toContain("update MedicationRequest/draft-1: Order imatinib 400 MG Oral Tablet instead of");
  expect(output).not.toContain("**");
  expect(code).toBe(0);
});

test("what each expression selected, as the policy writes it", async () => {
  const { output } = await runPolicy("try", "imatinib-preferred", "docs/examples/caution.json");
  expect(output).toMatch(/%confirmedAllergies\.where\([^→]*→ selects AllergyIntolerance\/allergy-1\n/);
  expect(output).toContain("Caution: Recorded reaction to titanium dioxide");
  expect(output).not.toContain("[ Change");
});

test("a Bundle of a patient's records: the drafts are its orders, the rest its chart", async () => {
  const taken = { resourceType: "MedicationStatement", id: "s", status: "active", subject };
  const { output } = await tryExample(bundle(draft(drug("B10")), { ...taken, medicationCodeableConcept: drug("G10") }));
  expect(output).toContain("T Tried the generic: documented");
  expect(output).toContain("→ selects MedicationStatement/s");
  expect(output).toContain("No card: the exception is documented");
});

test("an order that refers to a Medication in the Bundle", async () => {
  const medication = { resourceType: "Medication", id: "m", code: drug("B10", "Brandex") };
  const { medicationCodeableConcept: _, ...order } = draft({});
  const { output } = await tryExample(
    bundle(medication, { ...order, medicationReference: { reference: "Medication/m" } }),
  );
  expect(output).toContain("MedicationRequest/d: Brandex (urn:example|B10)");
  expect(output).toContain("Decision: row change");
});

test("records that count for nothing are named, and what was not received", async () => {
  const unreadable = { resourceType: "AllergyIntolerance", id: "a", patient: subject };
  const { output } = await tryExample(bundle(draft(drug("B10")), unreadable));
  expect(output).toContain("allergies: unreadable (1)");
  expect(output).toContain("AllergyIntolerance/a: unreadable: needs patient, code or reaction");
  const call = JSON.parse(readFileSync("docs/examples/change.json", "utf8"));
  delete call.prefetch.allergies;
  const missing = await runPolicy("try", "imatinib-preferred", fileOf(call));
  expect(missing.output).toContain("allergies: not-received");
  expect(missing.output).toContain("→ selects nothing; not read: allergies");
});

test("why nothing happens: no order of the product, or one that the policy does not apply to", async () => {
  const other = await tryExample(bundle(draft(drug("G10", "generic 10 mg"))));
  expect(other.output).toContain(
    "no draft orders the non-preferred product (brand). Drafts found: generic 10 mg (MedicationRequest/d)",
  );
  expect(other.code).toBe(0);
  const call = JSON.parse(readFileSync("docs/examples/change.json", "utf8"));
  call.context.draftOrders.entry[0].resource.status = "on-hold";
  const held = await runPolicy("try", "imatinib-preferred", fileOf(call));
  expect(held.output).toContain("in gleevec, but appliesTo does not select it");
  expect(held.output).toContain("No card: the policy does not apply to the drafts");
});

test("what comes from a record changes no terminal", async () => {
  const { output } = await tryExample(bundle(draft(drug("G10", "\u001b[31mgeneric\u202e"))));
  expect(output).toContain("generic");
  for (const sign of ["\u001b", "\u202e"]) expect(output).not.toContain(sign);
});

test("as JSON", async () => {
  const { output } = await tryExample(bundle(draft(drug("B10"))), "--format", "json");
  const trial = JSON.parse(output);
  expect(trial).toMatchObject({
    ...{ policy: "example", row: "change", card: { summary: "Generic first", suggestions: [{}] } },
    drafts: [{ order: "MedicationRequest/d", valueSets: ["brand", "ten"], standing: "applies" }],
    explanation: { criteria: [{ id: "T", outcome: "not-found" }], changes: ["replace"] },
  });
});

test.each([
  ["no JSON", "{", "is not JSON"],
  [
    "another resource",
    { resourceType: "Patient" },
    "is Patient, not a request or a Bundle: provide an order-sign request, or a FHIR Bundle",
  ],
  ["a list", [], "is not a JSON object"],
  ["a request that is not well-formed", { hook: "order-sign" }, "hookInstance: must be a UUID"],
  [
    "no draft",
    bundle(draft(drug("B10"), { status: "active" })),
    "no MedicationRequest with status draft (found: active)",
  ],
  [
    "drafts of two patients",
    bundle(
      draft(drug("B10"), { subject: { reference: "Patient/1" } }),
      draft(drug("B10"), { subject: { reference: "Patient/2" } }),
    ),
    "drafts for more than one patient",
  ],
])("%s is told, and how it should be", async (_name, content, message) => {
  const { output, code } = await tryExample(content);
  expect(output).toContain(message);
  expect(output).toContain("npm run policy -- try <policy>");
  expect(code).toBe(2);
});

test("a file that is not there", async () => {
  const { output, code } = await runPolicy("try", "imatinib-preferred", join(folder, "none.json"));
  expect(output).toContain("cannot be read (ENOENT)");
  expect(code).toBe(2);
});

test("a choice between products: a button for each, and that one of them is taken", async () => {
  const order = draft({ coding: [{ system: "http://example.org/drugs", code: "INH100" }] });
  const { output } = await runPolicy("try", "example-two-preferred", fileOf(bundle(order)), "--cards", "test/policies");
  expect(output).toMatch(/Choose at most one:[^[]*\[ Change to airolone [^[]*\[ Change to brezone /);
});

test("without a file that can be used: what would do, and it does", async () => {
  const patient = join(folder, "patient.json");
  writeFileSync(patient, JSON.stringify({ resourceType: "Patient" }));
  for (const file of [[], [join(folder, "not-there.json")], [patient]]) {
    const { output, code } = await runPolicy("try", "imatinib-preferred", ...file);
    expect(code).toBe(2);
    const smallest = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
    const tried = await runPolicy("try", "imatinib-preferred", fileOf(smallest));
    expect(tried.output).toContain("the policy applies");
    expect(tried.code).toBe(0);
  }
});

test("a draft with a code only is called as the value sets call it", async () => {
  const order = draft({ coding: [{ system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "404589" }] });
  const { output } = await runPolicy("try", "imatinib-preferred", fileOf(bundle(order)));
  expect(output).toContain("MedicationRequest/d: imatinib 400 MG Oral Tablet [Gleevec] (");
});
