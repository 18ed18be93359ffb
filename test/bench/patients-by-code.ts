// Patients on whom CQL and we must agree beside the policy's cases: what no case tells by codes alone.
import type { Call } from "../../bench/cql/equal.ts";
import { callOf, DRUG } from "../../bench/patients.ts";

type Json = Record<string, unknown>;

const coded = (system: string, ...codes: string[]): Json => ({ coding: codes.map((code) => ({ system, code })) });
const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const generic = coded(RXNORM, "403879");
const imatinib = coded(RXNORM, "282388");
const titaniumDioxide = coded(RXNORM, "38323");
const lactose = coded("http://snomed.info/sct", "47703008");
const statuses = (...codes: string[]): Json => ({ coding: codes.map((code) => ({ code })) });

const subject = { reference: "Patient/bench-1" };
const statement = (elements: Json): Json => ({
  resourceType: "MedicationStatement",
  status: "stopped",
  medicationCodeableConcept: generic,
  subject,
  ...elements,
});
const allergy = (elements: Json): Json => ({
  resourceType: "AllergyIntolerance",
  clinicalStatus: statuses("active"),
  verificationStatus: statuses("confirmed"),
  code: titaniumDioxide,
  reaction: [{ severity: "severe", manifestation: [{ text: "Hives" }] }],
  patient: subject,
  ...elements,
});
const dispense = {
  resourceType: "MedicationDispense",
  status: "completed",
  medicationCodeableConcept: generic,
  subject,
};

const authorized: Json = {
  resourceType: "MedicationRequest",
  status: "active",
  intent: "order",
  medicationCodeableConcept: coded(RXNORM, "404589"),
  subject,
  extension: [
    {
      url: "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information",
      extension: [
        { url: "satisfied-pa-id", valueString: "PA-1" },
        { url: "expiry-date", valueDate: "2099-12-31" },
      ],
    },
  ],
};

/** What a patient's chart holds beside the records of other things. */
const additions: Readonly<Record<string, readonly Json[]>> = {
  "trial, beside the code of the brand": [statement({ medicationCodeableConcept: coded(RXNORM, "403879", "404589") })],
  "trial reported by a practitioner": [statement({ informationSource: { type: "Practitioner" } })],
  "trial reported by the patient, a claim behind it": [
    statement({ informationSource: subject, derivedFrom: [{ reference: "Claim/1/_history/2" }] }),
  ],
  dispense: [dispense],
  authorized: [authorized],
  "severe reaction": [allergy({})],
  "trial and severe reaction": [statement({}), allergy({})],
  "trial and severe reaction, ingredient not known in a generic": [statement({}), allergy({ code: lactose })],
  "severe reaction, resolved and active": [allergy({ clinicalStatus: statuses("resolved", "active") })],
  "severe reaction, unconfirmed": [allergy({ verificationStatus: statuses("unconfirmed") })],
  "severe reaction, refuted": [allergy({ verificationStatus: statuses("refuted") })],
  "reaction to the generic": [allergy({ code: generic })],
  "reaction to what is called generic": [allergy({ code: { ...imatinib, text: "generic imatinib" } })],
  "reaction to imatinib": [allergy({ code: imatinib })],
};

/** Order-sign requests by name. */
export function patientsByCode(): [name: string, call: Call][] {
  return Object.entries(additions).map(([name, records]) => [name, withRecords(records)]);
}

const KEYS: Readonly<Record<string, string>> = {
  MedicationStatement: "medicationStatements",
  MedicationDispense: "medicationDispenses",
  MedicationRequest: "medicationRequests",
  AllergyIntolerance: "allergies",
};

function withRecords(records: readonly Json[]): Call {
  const call = callOf("medium", DRUG);
  const prefetch = call.prefetch as Record<string, { entry: { resource: Json }[] }>;
  for (const resource of records) prefetch[KEYS[String(resource.resourceType)] ?? ""]?.entry.push({ resource });
  return call;
}
