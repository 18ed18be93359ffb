// Order-sign requests of made-up patients, as EHRs that follow US Core write them, the same each time.
export type Size = "small" | "medium" | "large";
export const SIZES: readonly Size[] = ["small", "medium", "large"];

/** Statements and allergies: 3 KB with 1 record, 63 KB with 42 that have the narrative of some EHRs, and 2.3 MB with 2,550. */
const RECORDS = { small: [1, 0], medium: [36, 6], large: [2_250, 300] } as const;

/** An order that the policy applies to, and one that no policy names. */
export const DRUG = { code: "404589", text: "Gleevec 400 MG Oral Tablet" };
export const OTHER_DRUG = { code: "860975", text: "metformin 500 MG Oral Tablet" };

/** What drugs, and substances that a patient is allergic to, are called. */
export const NAMING = {
  plain: (name: string) => name,
  "one record in 40 with a wide character": (name: string, record: number) => (record % 40 === 20 ? `${name} Ł` : name),
  "no two drugs alike": (name: string, record: number, of: string) => (of === "drug" ? `${name} ${record}` : name),
  /** No two alike either. Of allergies "drug" is a word that the policy knows. */
  "every drug by a known word": (name: string, record: number, of: string) =>
    of === "drug" ? `drug ${record} 10 MG Oral Tablet` : name,
  "every allergy too": (_name: string, record: number) => `drug ${record} 10 MG Oral Tablet`,
} as const satisfies Record<string, (name: string, record: number, of: "drug" | "substance") => string>;
export type Naming = keyof typeof NAMING;

const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const HL7 = "http://terminology.hl7.org/CodeSystem";
const DRUGS = "metformin,lisinopril,atorvastatin,amlodipine,omeprazole,levothyroxine,sertraline,gabapentin".split(",");
const FORMS = "10 MG Oral Tablet,20 MG Oral Tablet,500 MG Oral Tablet,40 MG Delayed Release Oral Capsule".split(",");
const SUBSTANCES = "Penicillin G,Peanut,Sulfamethoxazole,Shellfish,Latex,Codeine,Cat dander,Aspirin".split(",");
const STATUSES = ["active", "completed", "stopped", "on-hold"];
const ROW =
  "<tr><td>Source</td><td>Reported at the visit, and reconciled with the pharmacy's list of this year</td></tr>";
const NARRATIVE = `<div xmlns="http://www.w3.org/1999/xhtml"><table>${ROW.repeat(4)}</table></div>`;
const subject = { reference: "Patient/bench-1", display: "Patient, Bench" };
const doctor = { reference: "Practitioner/7", display: "Dr. A. Example" };

type Json = Record<string, unknown>;
type Options = { readonly records?: readonly [statements: number, allergies: number]; readonly naming?: Naming };

export function callOf(size: Size, drug: typeof DRUG, options: Options = {}): Json {
  const { records: [statements, allergies] = RECORDS[size], naming = "plain" } = options;
  let random = 1; // MINSTD
  const upTo = (limit: number) => {
    random = (random * 48_271) % 2_147_483_647;
    return random % limit;
  };
  const pick = (list: readonly string[]) => list[upTo(list.length)] ?? "";
  const day = () => `20${15 + upTo(11)}-0${1 + upTo(9)}-1${upTo(9)}`;
  const nameOf: (name: string, record: number, of: "drug" | "substance") => string = NAMING[naming];
  const record = (resourceType: string, index: number, elements: Json) => ({
    resourceType,
    id: `${resourceType.toLowerCase()}-${index}`,
    meta: {
      lastUpdated: `${day()}T08:30:00.000Z`,
      profile: [`http://hl7.org/fhir/us/core/StructureDefinition/us-core-${resourceType.toLowerCase()}`],
    },
    ...(size === "medium" && { text: { status: "generated", div: NARRATIVE } }),
    identifier: [{ system: "urn:oid:1.2.840.114350.1.13.0.1.7.2.798268", value: String(upTo(1e8)) }],
    ...elements,
  });
  const statement = (index: number) => {
    const text = nameOf(`${pick(DRUGS)} ${pick(FORMS)}`, index, "drug");
    const repeat = { frequency: 1, period: 1, periodUnit: "d" };
    return record("MedicationStatement", index, {
      status: pick(STATUSES),
      medicationCodeableConcept: { coding: [{ system: RXNORM, code: String(1e5 + upTo(9e5)), display: text }], text },
      subject,
      effectivePeriod: { start: day() },
      informationSource: doctor,
      dosage: [{ text: "Take 1 tablet by mouth once daily", timing: { repeat } }],
    });
  };
  const allergy = (index: number) =>
    record("AllergyIntolerance", index, {
      clinicalStatus: { coding: [{ system: `${HL7}/allergyintolerance-clinical`, code: "active" }] },
      verificationStatus: { coding: [{ system: `${HL7}/allergyintolerance-verification`, code: "confirmed" }] },
      code: { text: nameOf(pick(SUBSTANCES), index, "substance") },
      patient: subject,
      recordedDate: day(),
      reaction: [{ manifestation: [{ text: "Hives" }], severity: pick(["mild", "moderate"]) }],
    });
  const payor = [{ display: "Example Plan Administrators, Cigna" }];
  const coverage = () => ({ resourceType: "Coverage", status: "active", beneficiary: subject, payor });
  const order = {
    resourceType: "MedicationRequest",
    id: "draft-1",
    status: "draft",
    intent: "order",
    category: [{ coding: [{ system: `${HL7}/medicationrequest-category`, code: "community" }] }],
    medicationCodeableConcept: { coding: [{ system: RXNORM, code: drug.code, display: drug.text }], text: drug.text },
    subject,
    authoredOn: "2026-06-01",
    requester: doctor,
    dosageInstruction: [{ text: "Take 1 tablet by mouth once daily with a meal" }],
    dispenseRequest: { quantity: { value: 30, unit: "tablet" }, numberOfRepeatsAllowed: 2 },
  };
  const draftOrders = { resourceType: "Bundle", type: "collection", entry: [{ resource: order }] };
  return {
    hook: "order-sign",
    hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    context: { userId: "Practitioner/7", patientId: "bench-1", draftOrders },
    prefetch: {
      coverage: searchset("Coverage?patient=bench-1&status=active", 1, coverage),
      medicationStatements: searchset("MedicationStatement?patient=bench-1", statements, statement),
      medicationRequests: searchset("MedicationRequest?patient=bench-1", 0, statement),
      medicationDispenses: searchset("MedicationDispense?patient=bench-1", 0, statement),
      allergies: searchset("AllergyIntolerance?patient=bench-1", allergies, allergy),
    },
  };
}

function searchset(search: string, count: number, make: (index: number) => Json): Json {
  const entry = Array.from({ length: count }, (_each, index) => ({
    fullUrl: `https://ehr.example.org/fhir/${index}`,
    resource: make(index),
    search: { mode: "match" },
  }));
  const link = [{ relation: "self", url: `https://ehr.example.org/fhir/${search}` }];
  return { resourceType: "Bundle", type: "searchset", total: count, link, entry };
}
