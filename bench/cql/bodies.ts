// The patients on whom both engines must agree: the benchmark's own, and others with records that matter, told by codes.
import { callOf, DRUG, type Size } from "../patients.ts";

type Json = Record<string, unknown>;

const coded = (system: string, code: string): Json => ({ coding: [{ system, code }] });
const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const SNOMED = "http://snomed.info/sct";
const generic = coded(RXNORM, "403879");
const imatinib = coded(RXNORM, "282388");
const capsule = coded(RXNORM, "284206");
const titaniumDioxide = coded(RXNORM, "38323");
const lactose = coded(SNOMED, "47703008");
const macrogol = coded(SNOMED, "8030004");
const dye = coded(SNOMED, "61789006");

const statement = (more: Json = {}): Json => ({
  resourceType: "MedicationStatement",
  status: "stopped",
  medicationCodeableConcept: generic,
  effectivePeriod: { start: "2024-03-01", end: "2024-06-01" },
  ...more,
});
const reported = (more: Json = {}) => statement({ informationSource: { reference: "Patient/bench-1" }, ...more });
const dispense = (more: Json = {}): Json => ({
  resourceType: "MedicationDispense",
  status: "completed",
  medicationCodeableConcept: generic,
  ...more,
});
const request = (more: Json = {}): Json => ({
  resourceType: "MedicationRequest",
  status: "active",
  intent: "order",
  medicationCodeableConcept: generic,
  ...more,
});
const status = (code: string): Json => ({ coding: [{ code }] });
const severe = (more: Json = {}) => ({ severity: "severe", manifestation: [{ text: "Hives" }], ...more });
const allergy = (more: Json = {}): Json => ({
  resourceType: "AllergyIntolerance",
  clinicalStatus: status("active"),
  verificationStatus: status("confirmed"),
  code: titaniumDioxide,
  reaction: [severe()],
  ...more,
});
const authorization = (expires: string, number = "PA-1"): Json => ({
  extension: [
    {
      url: "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information",
      extension: [
        { url: "satisfied-pa-id", valueString: number },
        { url: "expiry-date", valueDate: expires },
      ],
    },
  ],
});
const brand = coded(RXNORM, "404589");

/** What a patient's chart holds beside the records of other things. */
const additions: Readonly<Record<string, readonly Json[]>> = {
  "nothing more": [],
  trial: [statement()],
  "trial in the future": [
    statement({ effectivePeriod: { start: "2099-01" } }),
    statement({ effectiveDateTime: "2099" }),
  ],
  "trial intended, not taken": [statement({ status: "intended" }), statement({ status: "not-taken" })],
  "trial, beside the code of the brand": [
    statement({ medicationCodeableConcept: { coding: [generic, brand].flatMap(codingOf) } }),
  ],
  "trial of capsules": [statement({ medicationCodeableConcept: capsule })],
  "imatinib without a form": [statement({ medicationCodeableConcept: imatinib })],
  "trial reported by the patient": [reported()],
  "trial reported by a practitioner": [reported({ informationSource: { type: "Practitioner", display: "Dr. A" } })],
  "trial reported by the patient, a claim behind it": [
    reported({ derivedFrom: [{ reference: "Claim/1/_history/2" }] }),
  ],
  dispense: [dispense({ whenHandedOver: "2025-01-02T10:00:00Z" })],
  "dispense in the future": [dispense({ whenHandedOver: "2099-01-02T10:00:00Z" })],
  prescription: [request()],
  "prescription not to be carried out": [request({ doNotPerform: true }), request({ intent: "proposal" })],
  "severe reaction": [allergy()],
  "severe reaction, resolved": [allergy({ clinicalStatus: status("resolved") })],
  "severe reaction, resolved and active": [
    allergy({ clinicalStatus: { coding: [{ code: "resolved" }, { code: "active" }] } }),
  ],
  "severe reaction, refuted": [allergy({ verificationStatus: status("refuted") })],
  "severe reaction, unconfirmed": [allergy({ verificationStatus: status("unconfirmed") })],
  "severe reaction, another system's status": [allergy({ verificationStatus: coded("urn:local", "confirmed") })],
  "severe reaction in the future": [allergy({ onsetDateTime: "2099-01-01" })],
  "mild reaction": [allergy({ reaction: [severe({ severity: "mild" })] })],
  "mild reaction of high criticality": [allergy({ criticality: "high", reaction: [severe({ severity: "mild" })] })],
  "severe reaction, told as the substance": [
    allergy({ code: dye, reaction: [severe({ substance: titaniumDioxide })] }),
  ],
  "severe reaction to another substance": [allergy({ reaction: [severe({ substance: macrogol })] })],
  "reaction to an ingredient of both": [allergy({ code: macrogol })],
  "reaction to a class": [allergy({ code: dye })],
  "reaction to the generic": [allergy({ code: generic })],
  "reaction to the generic, ingredient told": [allergy({ code: generic, reaction: [severe({ substance: lactose })] })],
  "reaction to what is called generic": [allergy({ code: { ...imatinib, text: "generic imatinib" } })],
  "reaction to imatinib": [allergy({ code: imatinib })],
  "trial and severe reaction": [statement(), allergy()],
  "trial and severe reaction, ingredient not known in a generic": [statement(), allergy({ code: lactose })],
  "trial and severe reaction, both, and to imatinib": [statement(), allergy(), allergy({ code: imatinib })],
  authorized: [request({ medicationCodeableConcept: brand, ...authorization("2099-12-31") })],
  "authorization expired": [request({ medicationCodeableConcept: brand, ...authorization("2020-12") })],
  "authorization without a number": [request({ medicationCodeableConcept: brand, ...authorization("2099-12-31", "") })],
  "authorization of a stopped order": [
    request({ status: "stopped", medicationCodeableConcept: brand, ...authorization("2099-12-31") }),
  ],
};

function codingOf(concept: Json): unknown[] {
  return Array.isArray(concept.coding) ? concept.coding : [];
}

/** Order-sign calls by name: every size as the benchmark measures it, other seeds, and a patient for each addition. */
export function bodies(): [name: string, call: Json][] {
  const generated = (size: Size, seed: number): [string, Json] => [`${size}, seed ${seed}`, callOf(size, DRUG, seed)];
  const added = Object.entries(additions).map(([name, records], index): [string, Json] => [
    name,
    withRecords(callOf(index % 2 === 0 ? "small" : "medium", DRUG, 100 + index), records),
  ]);
  const seeds = [1, 2, 3];
  return [
    ...seeds.flatMap((seed) => [generated("small", seed), generated("medium", seed)]),
    generated("large", 1),
    ["large, trial and severe reaction", withRecords(callOf("large", DRUG, 2), [statement(), allergy()])],
    ...added,
  ];
}

const KEYS: Readonly<Record<string, string>> = {
  MedicationStatement: "medicationStatements",
  MedicationDispense: "medicationDispenses",
  MedicationRequest: "medicationRequests",
  AllergyIntolerance: "allergies",
};

export type Bundle = { entry: { resource: Json }[] };

function withRecords(call: Json, records: readonly Json[]): Json {
  const prefetch = call.prefetch as Record<string, Bundle>;
  const patient = { reference: "Patient/bench-1" };
  records.forEach((record, index) => {
    const owner = record.resourceType === "AllergyIntolerance" ? { patient } : { subject: patient };
    const resource = { id: `added-${index}`, ...owner, ...record };
    prefetch[KEYS[String(record.resourceType)] ?? ""]?.entry.push({ resource });
  });
  return call;
}
