// The chart's sources: for each chart variable its FHIR search, the element that references the patient, and the
// filters that a client may add without hiding relevant records.
import type { ChartVariable } from "../policy/decision/chart.ts";

type SourceDefinition = {
  readonly resourceType: string;
  /** Search parameters in addition to the patient. */
  readonly query: string;
  readonly ownerElement: "subject" | "patient" | "beneficiary";
  /** A usable record has at least one of these. */
  readonly contentElements: readonly string[];
  /** Filters that hide nothing relevant if they include all of these values. */
  readonly harmlessFilters: Readonly<Record<string, readonly string[]>>;
};

const DRUG = ["medicationCodeableConcept", "medicationReference"];

export const sources: Readonly<Record<ChartVariable, SourceDefinition>> = {
  coverage: {
    resourceType: "Coverage",
    query: "status=active",
    ownerElement: "beneficiary",
    contentElements: ["payor"],
    harmlessFilters: { status: ["active"] },
  },
  medicationStatements: {
    resourceType: "MedicationStatement",
    query: "",
    ownerElement: "subject",
    contentElements: DRUG,
    harmlessFilters: { status: ["active", "completed", "stopped", "on-hold"] },
  },
  medicationRequests: {
    resourceType: "MedicationRequest",
    query: "",
    ownerElement: "subject",
    contentElements: DRUG,
    harmlessFilters: { status: ["active", "completed", "stopped"], intent: ["order", "plan"] },
  },
  medicationDispenses: {
    resourceType: "MedicationDispense",
    query: "",
    ownerElement: "subject",
    contentElements: DRUG,
    harmlessFilters: { status: ["completed"] },
  },
  allergies: {
    resourceType: "AllergyIntolerance",
    query: "",
    ownerElement: "patient",
    contentElements: ["code", "reaction"],
    // R4 (ait-1): without a clinical status a record can only be entered in error.
    harmlessFilters: { "clinical-status": ["active"] },
  },
};

/** `MedicationStatement?patient=…`. @param patient an id or a prefetch token */
export function searchFor(variable: ChartVariable, patient: string): string {
  const { resourceType, query } = sources[variable];
  return `${resourceType}?patient=${patient}${query && `&${query}`}`;
}

const NOT_A_FILTER = new Set([
  ...["patient", "subject", "beneficiary", "_count", "_maxresults", "_sort", "_format", "_pretty", "_total"],
  ...["_include", "_include:iterate", "_revinclude"],
]);

/** Characters. A longer link counts as narrowed. */
const MAX_LINK_LENGTH = 4000;

/**
 * Whether the search in a Bundle's `self` link hides relevant records. Epic's own example,
 * `MedicationRequest?patient=…&status=active`, hides a stopped generic.
 */
export function isNarrowed(variable: ChartVariable, selfLink: string): boolean {
  if (selfLink.length > MAX_LINK_LENGTH) return true;
  if (hasNoFilter(selfLink)) return false;
  const address = URL.parse(selfLink, "http://self");
  if (!address) return true; // its filters are unknown
  const given = Map.groupBy(address.searchParams, ([name]) => name);
  return [...given].some(([name, values]) => !NOT_A_FILTER.has(name) && !isHarmless(variable, name, values));
}

/** True for most links. Parsing the URL would take ten times as long. */
function hasNoFilter(link: string): boolean {
  const query = link.indexOf("?");
  return (
    query < 0 ||
    link
      .slice(query + 1)
      .split("&")
      .every((pair) => NOT_A_FILTER.has(pair.split("=", 1)[0] ?? ""))
  );
}

/** @param given the parameter's name and value, once per occurrence */
function isHarmless(variable: ChartVariable, name: string, given: readonly (readonly [string, string])[]): boolean {
  const { harmlessFilters } = sources[variable];
  const needed = Object.hasOwn(harmlessFilters, name) ? harmlessFilters[name] : undefined;
  const codes = given.flatMap(([, value]) => value.split(",")).map((value) => value.split("|").at(-1));
  return needed?.every((value) => codes.includes(value)) ?? false;
}
