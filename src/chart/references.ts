// Resolves references to Medication, Condition, and Organization: contained, in a Bundle of the request, in prefetch,
// or on the EHR. Accepts every form that clients send: with and without "#", relative, absolute, versioned, urn:uuid.

import { withoutEndSlashes } from "../network/urls.ts";
import {
  type FhirObject,
  type FhirRecord,
  isObject,
  isRecord,
  objectsIn,
  referenceTo,
  textIn,
} from "../policy/fhir-json.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import { type EhrAccess, getFromEhr } from "./ehr.ts";

/** Resources that were received, by every name that a reference may use for them. */
export type ReferenceIndex = {
  readonly byName: Map<string, FhirRecord>;
  /**
   * Bundles and resources not yet in `byName`. Most requests contain no reference, so they are indexed on first use.
   */
  readonly waiting: unknown[];
  readonly server: string | undefined;
  /** Fetches from the EHR so far, so that each resource is fetched once. */
  readonly fetches: Map<string, Promise<void>>;
};

const MAX_FETCHES = 50; // for one request
const MAX_ID_LENGTH = 512;
const RESOLVABLE = new Set(["Medication", "Condition", "Organization"]);

export function createIndex(server: string | undefined): ReferenceIndex {
  return {
    byName: new Map(),
    waiting: [],
    fetches: new Map(),
    server: server === undefined ? undefined : withoutEndSlashes(server),
  };
}

/** Adds the resources of a Bundle (by id and fullUrl), a single resource, or a list of them. */
export function addToIndex(index: ReferenceIndex, value: unknown): void {
  index.waiting.push(value);
}

function indexed({ byName, waiting }: ReferenceIndex): ReadonlyMap<string, FhirRecord> {
  for (const value of waiting) {
    const isBundle = isRecord(value) && value.resourceType === "Bundle";
    const entries = isBundle ? objectsIn(value.entry) : objectsIn(value).map((resource): FhirObject => ({ resource }));
    for (const { resource, fullUrl } of entries) {
      if (!isRecord(resource) || !RESOLVABLE.has(resource.resourceType)) continue;
      for (const name of [referenceTo(resource), textIn(fullUrl)]) if (name) byName.set(name, resource);
    }
  }
  waiting.length = 0;
  return byName;
}

/** The referenced resource, if it was received: contained in the record or anywhere in the request. */
export function findReferenced(index: ReferenceIndex, holder: FhirRecord, reference: unknown): FhirRecord | undefined {
  const target = isObject(reference) ? textIn(reference.reference) : undefined;
  if (!target) return undefined;
  const id = target.split("/").at(-1)?.replace(/^#/, "");
  // The REMS request generator contains the Medication but refers to it as Medication/id.
  const contained = target.includes("://") ? undefined : containedIn(holder).get(id);
  if (contained && isRecord(contained)) return contained;
  const byName = indexed(index);
  return byName.get(target) ?? byName.get(relative(index, target) ?? "");
}

/** By id; the first wins. */
const containedIn = memoizeByObject(({ contained }: FhirRecord) => {
  return new Map<unknown, FhirObject>(
    objectsIn(contained)
      .reverse()
      .map((each) => [each.id, each]),
  );
});

/** Fetches what was not received from the EHR, each resource once, within the limit of a request. */
export async function fetchReferenced(
  index: ReferenceIndex,
  access: EhrAccess,
  references: readonly unknown[],
): Promise<void> {
  const targets = references.map((each) => (isObject(each) ? textIn(each.reference) : undefined));
  const names = targets.map((target) => target && relative(index, target)).filter((name) => name !== undefined);
  for (const name of names) {
    if (name && !index.fetches.has(name) && index.fetches.size < MAX_FETCHES) {
      index.fetches.set(name, fetchOne(index, access, name));
    }
  }
  await Promise.all(names.map((name) => index.fetches.get(name)));
}

async function fetchOne(index: ReferenceIndex, access: EhrAccess, name: string): Promise<void> {
  const [type = "", id = ""] = name.split("/");
  if (!RESOLVABLE.has(type) || !id || id.length > MAX_ID_LENGTH || !id.isWellFormed()) return;
  const answer = await getFromEhr(access, `${type}/${encodeURIComponent(id)}`);
  if (answer.state !== "read" || !isRecord(answer.body) || answer.body.resourceType !== type) return;
  index.byName.set(name, answer.body);
}

/** `Type/id` on the calling EHR; undefined for a URL on another server. */
function relative(index: ReferenceIndex, target: string): string | undefined {
  const own = index.server && target.startsWith(`${index.server}/`) ? target.slice(index.server.length + 1) : target;
  const match = /^(?:.*\/)?([A-Z][A-Za-z]+)\/([^/]+)(?:\/_history\/[^/]+)?$/.exec(own);
  const foreign = own.includes("://") && index.server !== undefined;
  return match && !foreign ? `${match[1]}/${match[2]}` : undefined;
}
