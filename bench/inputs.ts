// The order-sign calls that bench/decide.ts measures: patients of three sizes, and what an attacker sends within the limits of
// a call (8 MB, 20,000 Bundle entries).
import { readFileSync } from "node:fs";

type Json = Record<string, unknown>;

const example = JSON.parse(readFileSync(new URL("../docs/examples/change.json", import.meta.url), "utf8"));
const example0: Json = example.context.draftOrders.entry[0].resource;
const subject = { reference: "Patient/example" };
const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const ALLERGY_STATUS = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, each) => make(each));
const bundle = (resources: unknown[], more: Json = {}): Json => ({
  resourceType: "Bundle",
  type: "searchset",
  ...more,
  entry: resources.map((resource) => ({ resource })),
});
const call = (prefetch: Json, drafts: unknown[] = [example0]): Json => ({
  ...example,
  context: { ...example.context, draftOrders: bundle(drafts) },
  prefetch: { ...example.prefetch, ...prefetch },
});
const draft = (more: Json, index = 0): Json => ({ ...example0, id: `draft-${index}`, ...more });
const allergy = (index: number, more: Json): Json => ({
  resourceType: "AllergyIntolerance",
  id: `allergy-${index}`,
  patient: subject,
  ...more,
});
const statement = (index: number, more: Json): Json => ({
  resourceType: "MedicationStatement",
  id: `statement-${index}`,
  status: "completed",
  subject,
  ...more,
});

// As US Core asks for it, and about as long as EHRs write it.
const DRUGS = ["metformin 500 MG Oral Tablet", "lisinopril 10 MG Oral Tablet", "atorvastatin 20 MG Oral Tablet"];
const SUBSTANCES = ["Penicillin G", "Peanut", "Sulfamethoxazole", "Shellfish", "Latex"];
const drugNamed = (index: number) => `${DRUGS[index % DRUGS.length]} ${index}`;
const usualStatement = (index: number) =>
  statement(index, {
    meta: { versionId: "1", lastUpdated: "2025-01-01T00:00:00Z", profile: ["http://hl7.org/fhir/us/core"] },
    text: {
      status: "generated",
      div: `<div xmlns="http://www.w3.org/1999/xhtml">${drugNamed(index)}, taken daily</div>`,
    },
    medicationCodeableConcept: {
      coding: [{ system: RXNORM, code: String(860975 + index), display: drugNamed(index) }],
      text: drugNamed(index),
    },
    effectivePeriod: { start: "2024-01-01", end: "2024-06-01" },
    informationSource: { reference: "Practitioner/1", display: "Dr. A. Example" },
    dosage: [{ text: "1 tablet daily", timing: { repeat: { frequency: 1, period: 1, periodUnit: "d" } } }],
    note: [{ text: "Refilled at the last visit." }],
  });
const usualAllergy = (index: number) =>
  allergy(index, {
    clinicalStatus: { coding: [{ system: ALLERGY_STATUS, code: "active", display: "Active" }] },
    code: { text: SUBSTANCES[index % SUBSTANCES.length] },
    recordedDate: "2020-05-05",
    reaction: [{ manifestation: [{ text: "Hives" }], severity: "mild" }],
  });
const condition = (index: number) => ({
  resourceType: "Condition",
  id: `c${index}`,
  subject,
  code: { text: "Hypertension" },
});
const patient = (statements: number, allergies: number, conditions: number) =>
  call({
    medicationStatements: bundle(times(statements, usualStatement)),
    allergies: bundle(times(allergies, usualAllergy)),
    conditions: bundle(times(conditions, condition)),
  });

const generic = { text: "imatinib 400 MG Oral Tablet" };
const povidone = { text: "povidone" };
const displays = (count: number, of: string) => times(count, (each) => ({ display: `${of} ${each}` }));
const drafts = (count: number, drug?: Json) =>
  times(count, (each) => draft(drug ? { medicationCodeableConcept: drug, id: `other-${each}` } : {}, each));

/** What each is, and how it is made: only when asked for. */
export const inputs: Readonly<Record<string, () => Json>> = {
  "patient, 2 records": () => patient(1, 1, 0),
  "patient, 60 resources": () => patient(40, 10, 10),
  "patient, 2,000 statements, 300 allergies, 60 conditions": () => patient(2000, 300, 60),
  "statements x 9,990, unknown drugs": () => patient(9990, 0, 0),
  "allergies x 19,990, unknown substances": () => patient(0, 19990, 0),
  "order of no policy": () => call({}, [draft({ medicationCodeableConcept: { text: "metformin" } })]),

  "one allergy, reaction x 20,000": () =>
    call({
      allergies: bundle([
        allergy(1, { code: povidone, reaction: times(20_000, () => ({ severity: "severe", substance: povidone })) }),
      ]),
    }),
  "one allergy, distinct reactions x 20,000": () =>
    call({
      allergies: bundle([
        allergy(1, {
          code: povidone,
          reaction: times(20_000, (each) => ({ description: `d ${each}`, substance: { text: `povidone ${each}` } })),
        }),
      ]),
    }),
  "allergies x 2,500, povidone": () =>
    call({ allergies: bundle(times(2500, (each) => allergy(each, { code: povidone }))) }),
  "allergies x 19,990, povidone": () =>
    call({ allergies: bundle(times(19990, (each) => allergy(each, { code: povidone }))) }),
  "allergies x 19,990, nothing named": () =>
    call({ allergies: bundle(times(19990, (each) => allergy(each, { code: { coding: [{ code: "x" }] } }))) }),
  "allergies x 500, reactions x 300, povidone": () =>
    call({
      allergies: bundle(
        times(500, (record) =>
          allergy(record, {
            code: povidone,
            reaction: times(300, (each) => ({ substance: { text: `povidone ${each}` } })),
          }),
        ),
      ),
    }),
  "allergies x 500, displays x 600, povidone": () =>
    call({
      allergies: bundle(times(500, (record) => allergy(record, { code: { coding: displays(600, "povidone") } }))),
    }),
  "statements x 19,990, generic": () =>
    call({
      medicationStatements: bundle(times(19990, (each) => statement(each, { medicationCodeableConcept: generic }))),
    }),
  "statements x 19,990, strength only": () =>
    call({
      medicationStatements: bundle(
        times(19990, (each) => statement(each, { medicationCodeableConcept: { text: "aspirin 100 mg" } })),
      ),
    }),
  "statements x 9,990, 700 characters each": () =>
    call({
      medicationStatements: bundle(
        times(9990, (each) => statement(each, { medicationCodeableConcept: { text: "a ".repeat(300) } })),
      ),
    }),
  "statements x 800, U+FDFA x 3,000": () =>
    call({
      medicationStatements: bundle(
        times(800, (each) => statement(each, { medicationCodeableConcept: { text: "\uFDFA".repeat(3000) } })),
      ),
    }),
  "coverages x 19,990": () =>
    call({
      coverage: bundle(
        times(19990, (each) => ({
          resourceType: "Coverage",
          id: `c${each}`,
          status: "active",
          beneficiary: subject,
          payor: [{ display: `Other Health ${each}` }],
          type: { text: "commercial medical plan" },
        })),
      ),
    }),
  "coverages x 500, the payer's name in 2 x 8,000 characters": () =>
    call({
      coverage: bundle(
        times(500, (each) => ({
          resourceType: "Coverage",
          id: `c${each}`,
          status: "active",
          beneficiary: subject,
          payor: [{ display: `dental ${"a ".repeat(4000)}` }],
          type: { text: `medical cigna pay ${"a ".repeat(4000)}` },
        })),
      ),
    }),
  "coverages x 400, classes x 400": () =>
    call({
      coverage: bundle(
        times(400, (each) => ({
          resourceType: "Coverage",
          id: `c${each}`,
          status: "active",
          beneficiary: subject,
          payor: [{ display: `Other Health ${each}` }],
          class: times(400, (at) => ({ name: `Plan of work ${at}` })),
        })),
      ),
    }),

  "statements x 19,900 of one Medication, displays x 600": () =>
    call({
      medicationStatements: bundle([
        { resourceType: "Medication", id: "m", code: { coding: displays(600, "povidone") } },
        ...times(19900, (each) =>
          statement(each, { medicationReference: { reference: "Medication/m", display: `x ${each}` } }),
        ),
      ]),
    }),
  "statements x 230, reasonReference and contained x 300": () =>
    call({
      medicationStatements: bundle(
        times(230, (each) =>
          statement(each, {
            medicationCodeableConcept: generic,
            contained: times(300, (at) => ({ resourceType: "Condition", id: `c${at}` })),
            reasonReference: times(300, (at) => ({ reference: `#c${at}` })),
          }),
        ),
      ),
    }),

  "drug text 'a ' of 7.8 MB": () => call({}, [draft({ medicationCodeableConcept: { text: "a ".repeat(3_900_000) } })]),
  "drug text U+FDFA x 2.6 M": () =>
    call({}, [draft({ medicationCodeableConcept: { text: "\uFDFA".repeat(2_600_000) } })]),
  "drug displays x 20,000": () =>
    call({}, [
      draft({ medicationCodeableConcept: { text: "Gleevec 400 mg tablet", coding: displays(20_000, "gleevec") } }),
    ]),
  "drug coding x 200,000": () =>
    call({}, [
      draft({
        medicationCodeableConcept: {
          text: "Gleevec 400 mg tablet",
          coding: times(200_000, () => ({ system: "s", code: "1" })),
        },
      }),
    ]),
  "reasonCode x 20,000": () => call({}, [draft({ reasonCode: times(20_000, (each) => ({ text: `cml ${each}` })) })]),
  "contained x reasonReference, 5,000 each": () =>
    call({}, [
      draft({
        contained: times(5000, (each) => ({ resourceType: "Condition", id: `c${each}` })),
        reasonReference: times(5000, (each) => ({ reference: `#c${each}` })),
      }),
    ]),
  "contained x reasonReference, 20,000 each": () =>
    call({}, [
      draft({
        contained: times(20_000, (each) => ({ resourceType: "Condition", id: `c${each}` })),
        reasonReference: times(20_000, (each) => ({ reference: `#c${each}` })),
      }),
    ]),
  "500 brand drafts and 500 generic": () => call({}, [...drafts(500), ...drafts(500, generic)]),
  "19,900 brand drafts": () => call({}, drafts(19900)),
  "19,900 drafts of other drugs": () => call({}, drafts(19900, { text: "metformin 500 mg tablet" })),
  "9,900 brand drafts and 9,900 generic": () => call({}, [...drafts(9900), ...drafts(9900, generic)]),
  "800 drafts of a drug of one word of 9,000 letters": () => call({}, drafts(800, { text: "x".repeat(9000) })),
  "one statement, contained x 100,000 and reasonReference x 50": () =>
    call({
      medicationStatements: bundle([
        statement(1, {
          medicationCodeableConcept: generic,
          contained: times(100_000, (each) => ({ resourceType: "Condition", id: `c${each}` })),
          reasonReference: times(50, () => ({ reference: "#none" })),
        }),
      ]),
    }),
  "self link with 200,000 parameters": () =>
    call({
      allergies: bundle([], {
        link: [
          { relation: "self", url: `AllergyIntolerance?${times(200_000, (each) => `p${each}=${each}`).join("&")}` },
        ],
      }),
    }),
};
