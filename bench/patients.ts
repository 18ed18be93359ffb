// Order-sign calls of made-up patients of three sizes, as EHRs that follow US Core would write them; the same for the same seed.

export type Size = "small" | "medium" | "large";

/** How many records of each kind, and whether each has the narrative that some EHRs write. */
export type Records = {
  statements: number;
  allergies: number;
  conditions: number;
  dispenses: number;
  narrated?: boolean;
};

/** About 4 KB with 2 records, 110 KB with 60, and 2.2 MB with 2,360. */
const SIZES: Readonly<Record<Size, Records>> = {
  small: { statements: 1, allergies: 1, conditions: 0, dispenses: 0 },
  medium: { statements: 32, allergies: 6, conditions: 8, dispenses: 14, narrated: true },
  large: { statements: 2_000, allergies: 300, conditions: 60, dispenses: 0 },
};

const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const DRUGS = [
  "metformin",
  "lisinopril",
  "atorvastatin",
  "amlodipine",
  "omeprazole",
  "levothyroxine",
  "sertraline",
  "gabapentin",
];
const FORMS = [
  "10 MG Oral Tablet",
  "20 MG Oral Tablet",
  "500 MG Oral Tablet",
  "5 MG Oral Capsule",
  "40 MG Delayed Release Oral Capsule",
];
const SUBSTANCES = [
  "Penicillin G",
  "Peanut",
  "Sulfamethoxazole",
  "Shellfish",
  "Latex",
  "Codeine",
  "Cat dander",
  "Aspirin",
];
const STATUSES = ["active", "completed", "stopped", "on-hold"];
const PROBLEMS = ["Essential hypertension", "Type 2 diabetes mellitus", "Hyperlipidemia", "Hypothyroidism"];

/** Mulberry32: small, seeded, and good enough to vary texts. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** @param drug what the draft orders: RxNorm code and text */
export function callOf(
  size: Size,
  drug: { code: string; text: string },
  seed = 1,
  records: Records = SIZES[size],
): Record<string, unknown> {
  const random = randomOf(seed);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "";
  const subject = { reference: "Patient/bench-1", display: "Patient, Bench" };
  const day = () => `20${15 + Math.floor(random() * 11)}-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 9)}`;
  const { statements, allergies, conditions, dispenses, narrated = false } = records;
  const narrate = (rows: readonly [string, string][]) => ({
    text: {
      status: "generated",
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><table class="hapiPropertyTable"><tbody>${rows
        .map(([name, value]) => `<tr><td>${name}</td><td><span class="value">${value}</span></td></tr>`)
        .join("")}</tbody></table></div>`,
    },
  });
  /** What stands at the head of every record. */
  const head = (profile: string, shown: string) => ({
    meta: {
      versionId: String(1 + Math.floor(random() * 9)),
      lastUpdated: `${day()}T08:30:00.000Z`,
      profile: [`http://hl7.org/fhir/us/core/StructureDefinition/${profile}`],
    },
    ...(narrated &&
      narrate([
        ["Record", shown],
        ["Patient", subject.display],
        ["Recorded by", "Dr. A. Example, Family Medicine, Example Medical Group"],
        ["Location", "Example Medical Group, 1 Main Street, Springfield"],
        [
          "Source",
          "Reported by the patient at the visit, and reconciled with the pharmacy's list of the last twelve months; no change since",
        ],
        ["Last updated", `${day()} 08:30`],
        ["Status", "As recorded at the last encounter; see the encounter's own record for what was said"],
      ])),
    identifier: [
      { use: "usual", system: "urn:oid:1.2.840.114350.1.13.0.1.7.2.798268", value: String(Math.floor(random() * 1e8)) },
    ],
  });
  const concept = () => {
    const text = `${pick(DRUGS)} ${pick(FORMS)}`;
    return {
      coding: [{ system: RXNORM, code: String(100_000 + Math.floor(random() * 900_000)), display: text }],
      text,
    };
  };
  const statement = (index: number) => ({
    resourceType: "MedicationStatement",
    id: `statement-${index}`,
    ...head("us-core-medicationstatement", "Medication statement"),
    status: pick(STATUSES),
    medicationCodeableConcept: concept(),
    subject,
    effectivePeriod: { start: day() },
    dateAsserted: day(),
    informationSource: { reference: "Practitioner/7", display: "Dr. A. Example" },
    dosage: [
      { text: "Take 1 tablet by mouth once daily", timing: { repeat: { frequency: 1, period: 1, periodUnit: "d" } } },
    ],
  });
  const dispense = (index: number) => ({
    resourceType: "MedicationDispense",
    id: `dispense-${index}`,
    ...head("us-core-medicationdispense", "Medication dispense"),
    status: "completed",
    medicationCodeableConcept: concept(),
    subject,
    whenHandedOver: day(),
    quantity: { value: 30, unit: "tablet" },
    daysSupply: { value: 30, unit: "day" },
  });
  const allergy = (index: number) => ({
    resourceType: "AllergyIntolerance",
    id: `allergy-${index}`,
    ...head("us-core-allergyintolerance", "Allergy or intolerance"),
    clinicalStatus: {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }],
    },
    verificationStatus: {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", code: "confirmed" }],
    },
    code: { text: pick(SUBSTANCES) },
    patient: subject,
    recordedDate: day(),
    reaction: [{ manifestation: [{ text: "Hives" }], severity: pick(["mild", "moderate"]) }],
  });
  const condition = (index: number) => ({
    resourceType: "Condition",
    id: `condition-${index}`,
    ...head("us-core-condition-problems-health-concerns", "Problem"),
    code: { text: pick(PROBLEMS) },
    subject,
    onsetDateTime: day(),
  });
  const many = (search: string, count: number, make: (index: number) => unknown) => ({
    resourceType: "Bundle",
    type: "searchset",
    total: count,
    link: [{ relation: "self", url: `https://ehr.example.org/fhir/${search}` }],
    entry: Array.from({ length: count }, (_each, index) => ({
      fullUrl: `https://ehr.example.org/fhir/${index}`,
      resource: make(index),
      search: { mode: "match" },
    })),
  });
  const order = {
    resourceType: "MedicationRequest",
    id: "draft-1",
    status: "draft",
    intent: "order",
    subject,
    medicationCodeableConcept: { coding: [{ system: RXNORM, code: drug.code, display: drug.text }], text: drug.text },
    authoredOn: "2026-06-01",
    requester: { reference: "Practitioner/7", display: "Dr. A. Example" },
    encounter: { reference: "Encounter/12" },
    category: [
      { coding: [{ system: "http://terminology.hl7.org/CodeSystem/medicationrequest-category", code: "community" }] },
    ],
    dosageInstruction: [{ text: "Take 1 tablet by mouth once daily with a meal" }],
    dispenseRequest: { quantity: { value: 30, unit: "tablet" }, numberOfRepeatsAllowed: 2 },
  };
  return {
    hook: "order-sign",
    hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    context: {
      userId: "Practitioner/7",
      patientId: "bench-1",
      draftOrders: { resourceType: "Bundle", type: "collection", entry: [{ resource: order }] },
    },
    prefetch: {
      coverage: many("Coverage?patient=bench-1&status=active", 1, () => ({
        resourceType: "Coverage",
        id: "c",
        status: "active",
        beneficiary: subject,
        payor: [{ display: "Example Plan Administrators, Cigna" }],
      })),
      medicationStatements: many("MedicationStatement?patient=bench-1", statements, statement),
      medicationRequests: many("MedicationRequest?patient=bench-1", 0, statement),
      medicationDispenses: many("MedicationDispense?patient=bench-1", dispenses, dispense),
      allergies: many("AllergyIntolerance?patient=bench-1", allergies, allergy),
      ...(conditions > 0 && { conditions: many("Condition?patient=bench-1", conditions, condition) }),
    },
  };
}

/** An order that the policy speaks about, and one that no policy names. */
export const DRUG = { code: "404589", text: "Gleevec 400 MG Oral Tablet" };
export const OTHER_DRUG = { code: "860975", text: "metformin 500 MG Oral Tablet" };
