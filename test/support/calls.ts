// Order-sign calls as clients send them, built from a few parts.

import { CASE_PATIENT } from "../../src/cases/cases.ts";
import { PLANTED } from "./planted.ts";

export const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
export const NDC = "http://hl7.org/fhir/sid/ndc";
export const PATIENT = CASE_PATIENT;

type Json = Record<string, unknown>;

export const coded = (system: string, code: string, display?: string): Json => ({
  coding: [{ system, code, ...(display && { display }) }],
});
export const GLEEVEC_400 = { text: "Gleevec 400 MG Oral Tablet", ...coded(RXNORM, "404589") };
export const GENERIC_400 = { text: "imatinib 400 MG Oral Tablet", ...coded(RXNORM, "403879") };

export const draft = (parts: Json = {}): Json => ({
  resourceType: "MedicationRequest",
  id: "draft-1",
  status: "draft",
  intent: "order",
  subject: { reference: `Patient/${PATIENT}`, display: PLANTED.patientName },
  medicationCodeableConcept: GLEEVEC_400,
  ...parts,
});

/** A draft without the code that `draft` gives it. */
export const draftOf = (medication: Json, parts: Json = {}): Json => {
  const { medicationCodeableConcept, ...rest } = draft(parts);
  return { ...rest, ...medication };
};

export const statement = (parts: Json = {}): Json => ({
  resourceType: "MedicationStatement",
  id: "statement-1",
  status: "completed",
  subject: { reference: `Patient/${PATIENT}`, display: PLANTED.patientName },
  note: [{ text: PLANTED.note }],
  medicationCodeableConcept: GENERIC_400,
  ...parts,
});

export const allergy = (parts: Json = {}): Json => ({
  resourceType: "AllergyIntolerance",
  id: "allergy-1",
  patient: { reference: `Patient/${PATIENT}` },
  clinicalStatus: { coding: [{ code: "active" }] },
  code: coded(RXNORM, "38323", "titanium dioxide"),
  reaction: [{ severity: "severe" }],
  ...parts,
});

export const bundle = (...resources: unknown[]): Json => ({
  resourceType: "Bundle",
  type: "searchset",
  entry: resources.map((resource) => ({ resource })),
});

/** Every source read, and empty. */
export const EMPTY_CHART = {
  coverage: bundle(),
  medicationStatements: bundle(),
  medicationRequests: bundle(),
  medicationDispenses: bundle(),
  allergies: bundle(),
};

export const call = (drafts: unknown[] = [draft()], prefetch: Json | null = EMPTY_CHART, parts: Json = {}): Json => ({
  hook: "order-sign",
  hookInstance: "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
  context: { userId: "Practitioner/1", patientId: PATIENT, draftOrders: bundle(...drafts) },
  ...(prefetch && { prefetch }),
  ...parts,
});

/** What a client adds to a call so that the service may call the EHR. */
export const withEhr = (fhirServer: string): Json => ({
  fhirServer,
  fhirAuthorization: {
    access_token: PLANTED.accessToken,
    token_type: "Bearer",
    expires_in: 300,
    scope: "patient/*.read",
    subject: "cds-service",
  },
});
