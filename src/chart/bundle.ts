// Reads a search result from prefetch or the EHR: a Bundle, one resource, an OperationOutcome, nothing, or something
// else.
import { type FhirObject, type FhirRecord, isObject, isRecord, objectsIn, textIn } from "../policy/fhir-json.ts";

/** One page of a search result. */
export type Page = {
  readonly records: readonly FhirRecord[];
  /** Entries without a resource. */
  readonly illFormed: number;
  /** It includes an OperationOutcome of severity error or fatal, so it may be incomplete. */
  readonly failed: boolean;
  readonly next: string | undefined;
  readonly self: string | undefined;
  /** The server's count of matches, if given. */
  readonly total: number | undefined;
};

/** The page, or undefined if the value is not a search result. `null` is an empty result (CDS Hooks: no data). */
export function readPage(value: unknown): Page | undefined {
  const nothing = { records: [], illFormed: 0, failed: false, next: undefined, self: undefined, total: undefined };
  if (value === null) return nothing;
  if (!isRecord(value)) return undefined;
  if (value.resourceType === "OperationOutcome") return isFailure(value) ? undefined : nothing;
  if (value.resourceType !== "Bundle") return { ...nothing, records: [value] };
  const { entry = [], total } = value;
  if (!Array.isArray(entry)) return undefined;
  const records: FhirRecord[] = [];
  let [illFormed, failed] = [0, false];
  for (const each of entry as unknown[]) {
    const resource = isObject(each) ? each.resource : undefined;
    if (!isRecord(resource)) illFormed += 1;
    else if (resource.resourceType !== "OperationOutcome") records.push(resource);
    else if (isFailure(resource)) failed = true;
  }
  return {
    records,
    illFormed,
    failed,
    next: linkOf(value, "next"),
    self: linkOf(value, "self"),
    total: typeof total === "number" ? total : undefined,
  };
}

/** Judged by severity: Epic sends a warning ("Resource request returns no results") when a search has no hits. */
function isFailure(outcome: FhirRecord): boolean {
  const issues = objectsIn(outcome.issue);
  return issues.length === 0 || issues.some(({ severity }) => severity === "error" || severity === "fatal");
}

function linkOf(bundle: FhirObject, relation: string): string | undefined {
  return textIn(objectsIn(bundle.link).find((link) => link.relation === relation)?.url);
}
