// What could be read of the patient, as the decision sees it. Source by source, since "not found", "not received" and
// "could not be read" are different answers.
import type { FhirRecord } from "../fhir-json.ts";

/** The chart variables: what policies may read, as %name in FHIRPath, and the prefetch keys of the service. */
export const chartVariables = [
  "coverage",
  "medicationStatements",
  "medicationRequests",
  "medicationDispenses",
  "allergies",
] as const;
export type ChartVariable = (typeof chartVariables)[number];

/** The resource type of the records of each. */
export const chartTypes: Readonly<Record<ChartVariable, string>> = {
  coverage: "Coverage",
  medicationStatements: "MedicationStatement",
  medicationRequests: "MedicationRequest",
  medicationDispenses: "MedicationDispense",
  allergies: "AllergyIntolerance",
};

/** Why a source that was read may not hold everything. */
export type Shortfall =
  | "narrowed"
  | "pages-missing"
  | "part-failed"
  /** It holds more than is looked at. */
  | "too-many";

export type Source =
  | {
      readonly state: "read";
      /** Those that a policy may count; of coverages, all. */
      readonly records: readonly FhirRecord[];
      readonly shortfalls: readonly Shortfall[];
      /** Records that could not be understood. */
      readonly unreadable: number;
      /** Current allergies that name nothing: as good as not read. None where absent. */
      readonly unnamed?: number;
      /** Records of another patient: ignored. */
      readonly otherPatient: number;
    }
  | { readonly state: "not-received" }
  | { readonly state: "failed" }
  /** Not asked for, since the EHR failed repeatedly. */
  | { readonly state: "circuit-open" }
  | { readonly state: "unsupported" };

export type Chart = Readonly<Record<ChartVariable, Source>>;

/** The chart of a call that no policy speaks about. */
export const UNREAD_CHART: Chart = {
  coverage: { state: "not-received" },
  medicationStatements: { state: "not-received" },
  medicationRequests: { state: "not-received" },
  medicationDispenses: { state: "not-received" },
  allergies: { state: "not-received" },
};

/** A source from which everything that it holds was read. */
export function isComplete(source: Source): boolean {
  return source.state === "read" && source.shortfalls.length === 0 && source.unreadable === 0;
}
