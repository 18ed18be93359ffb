// The sources of the chart: for each chart variable the FHIR search that fills it, the element that says whose record it
// is, and the filters by which a client may narrow that search without hiding anything that could count.
import type { ChartVariable } from "../policy/decision/chart.ts";

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

/** Characters of a link that may be the address of a search. */
const MAX_LINK_LENGTH = 4000;

/**
 * Whether the search that a Bundle says it answers (its `self` link) hides records that could count. Epic's own example,
 * `MedicationRequest?patient=…&status=active`, hides a generic that was stopped.
 */
export function isNarrowed(variable: ChartVariable, selfLink: string): boolean {
  if (selfLink.length > MAX_LINK_LENGTH) return true;
  if (namesNoFilter(selfLink)) return false;
  const address = URL.parse(selfLink, "http://self");
  if (!address) return true; // its filters cannot be told
  const given = Map.groupBy(address.searchParams, ([name]) => name);
  return [...given].some(([name, values]) => !NOT_A_FILTER.has(name) && !isHarmless(variable, name, values));
}

/** As most links: told without parsing the address, which takes ten times as long. */
function namesNoFilter(link: string): boolean {
  const query = link.indexOf("?");
  return (
    query < 0 ||
    link
      .slice(query + 1)
      .split("&")
      .every((pair) => NOT_A_FILTER.has(pair.split("=", 1)[0] ?? ""))
  );
}

/** @param given each value of the parameter, with its name */
function isHarmless(variable: ChartVariable, name: string, given: readonly (readonly [string, string])[]): boolean {
  const { harmlessFilters } = sources[variable];
  const needed = Object.hasOwn(harmlessFilters, name) ? harmlessFilters[name] : undefined;
  const codes = given.flatMap(([, value]) => value.split(",")).map((value) => value.split("|").at(-1));
  return needed?.every((value) => codes.includes(value)) ?? false;
}
