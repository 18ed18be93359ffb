// The patient's chart as the decision sees it, by source, since "not found", "not received", and "could not be read"
// have different consequences.
import type { FhirRecord } from "../fhir-json.ts";

/** The chart variables that policies may read, as %name in FHIRPath. They are also the prefetch keys. */
export const chartVariables = [
  "coverage",
  "medicationStatements",
  "medicationRequests",
  "medicationDispenses",
  "allergies",
] as const;
export type ChartVariable = (typeof chartVariables)[number];

export const chartTypes: Readonly<Record<ChartVariable, string>> = {
  coverage: "Coverage",
  medicationStatements: "MedicationStatement",
  medicationRequests: "MedicationRequest",
  medicationDispenses: "MedicationDispense",
  allergies: "AllergyIntolerance",
};

/** Why a source that was read may be incomplete. */
export type Shortfall =
  | "narrowed"
  | "pages-missing"
  | "part-failed"
  /** It has more records than are evaluated. */
  | "too-many";

export type Source =
  | {
      readonly state: "read";
      /** Those that may match a policy; for coverage, all. */
      readonly records: readonly FhirRecord[];
      readonly shortfalls: readonly Shortfall[];
      /** Unusable records. */
      readonly unreadable: number;
      /** Current allergies that name no substance: treated as not read. Default: 0. */
      readonly unnamed?: number;
      /** Another patient's records, which are ignored. */
      readonly otherPatient: number;
    }
  | { readonly state: "not-received" }
  | { readonly state: "failed" }
  /** Not requested, since the EHR failed repeatedly. */
  | { readonly state: "circuit-open" }
  | { readonly state: "unsupported" };

export type Chart = Readonly<Record<ChartVariable, Source>>;

/** The chart of a request that no policy applies to. */
export const UNREAD_CHART: Chart = {
  coverage: { state: "not-received" },
  medicationStatements: { state: "not-received" },
  medicationRequests: { state: "not-received" },
  medicationDispenses: { state: "not-received" },
  allergies: { state: "not-received" },
};

/** Whether everything in the source was read. */
export function isComplete(source: Source): boolean {
  return source.state === "read" && source.shortfalls.length === 0 && source.unreadable === 0;
}
