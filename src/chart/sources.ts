// The sources of the chart: for each chart variable the FHIR search that fills it, the element that says whose record it
// is, and the filters by which a client may narrow that search without hiding anything that could count.
import type { ChartVariable } from "../policy/chart.ts";

type SourceDefinition = {
  readonly resourceType: string;
  /** Search parameters beside the patient. */
  readonly query: string;
  readonly ownerElement: "subject" | "patient" | "beneficiary";
  /** Elements of which at least one must be there, or the record says nothing. */
  readonly saysSomething: readonly string[];
  /** Filters that hide nothing if they let through all of these values. */
  readonly harmlessFilters: Readonly<Record<string, readonly string[]>>;
};

const DRUG = ["medicationCodeableConcept", "medicationReference"];

export const sources: Readonly<Record<ChartVariable, SourceDefinition>> = {
  coverage: {
    resourceType: "Coverage",
    query: "status=active",
    ownerElement: "beneficiary",
    saysSomething: ["payor"],
    harmlessFilters: { status: ["active"] },
  },
  medicationStatements: {
    resourceType: "MedicationStatement",
    query: "",
    ownerElement: "subject",
    saysSomething: DRUG,
    harmlessFilters: { status: ["active", "completed", "stopped", "on-hold"] },
  },
  medicationRequests: {
    resourceType: "MedicationRequest",
    query: "",
    ownerElement: "subject",
    saysSomething: DRUG,
    harmlessFilters: { status: ["active", "completed", "stopped"], intent: ["order", "plan"] },
  },
  medicationDispenses: {
    resourceType: "MedicationDispense",
    query: "",
    ownerElement: "subject",
    saysSomething: DRUG,
    harmlessFilters: { status: ["completed"] },
  },
  allergies: {
    resourceType: "AllergyIntolerance",
    query: "",
    ownerElement: "patient",
    saysSomething: ["code", "reaction"],
    // R4 (ait-1): without a clinical status a record can only be entered in error.
    harmlessFilters: { "clinical-status": ["active"] },
  },
};

/** The search for one patient: `MedicationStatement?patient=…`. The patient is an id, or a prefetch token. */
export function searchFor(variable: ChartVariable, patient: string): string {
  const { resourceType, query } = sources[variable];
  return `${resourceType}?patient=${patient}${query && `&${query}`}`;
}

const NOT_A_FILTER = new Set([
  ...["patient", "subject", "beneficiary", "_count", "_maxresults", "_sort", "_format", "_pretty", "_total"],
  ...["_include", "_include:iterate", "_revinclude"],
]);

/**
 * Whether the search that a Bundle says it answers (its `self` link) hides records that could count. Epic's own example,
 * `MedicationRequest?patient=…&status=active`, hides a generic that was stopped.
 */
export function isNarrowed(variable: ChartVariable, selfLink: string): boolean {
  const parameters = URL.canParse(selfLink, "http://self") ? new URL(selfLink, "http://self").searchParams : undefined;
  const names = [...new Set(parameters?.keys())].filter((name) => !NOT_A_FILTER.has(name));
  return names.some((name) => {
    const needed = sources[variable].harmlessFilters[name];
    const given = (parameters?.getAll(name) ?? []).flatMap((value) => value.split(","));
    const codes = given.map((value) => value.split("|").at(-1));
    return !needed?.every((value) => codes.includes(value));
  });
}
