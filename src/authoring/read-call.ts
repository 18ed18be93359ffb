// Reads the file for `npm run policy -- try` as an order-sign request: a request from an EHR, or a Bundle of a patient's
// records that includes the draft order.
import { readFileSync } from "node:fs";
import { HOOK } from "../cds-hooks/request.ts";
import { patientIn } from "../chart/record.ts";
import { sources } from "../chart/sources.ts";
import { toText } from "../network/json.ts";
import { chartVariables } from "../policy/decision/chart.ts";
import { type FhirObject, type FhirRecord, isObject, isRecord, objectsIn, textIn } from "../policy/fhir-json.ts";

/** The body of an order-sign request, not yet validated. @throws TypeError that says what is wrong with the file */
export function readCall(file: string): unknown {
  const content = parseFile(file);
  if (!isObject(content)) throw new TypeError(`${file} is not a JSON object: ${WANTED}`);
  if (content.resourceType === "Bundle") return callOfBundle(content, file);
  if ("hook" in content) return content;
  const what = textIn(content.resourceType) ?? "JSON of another kind";
  throw new TypeError(`${file} is ${what}, not a request or a Bundle: ${WANTED}`);
}

const WANTED = `provide an ${HOOK} request, or a FHIR Bundle of a patient's records that includes the draft order`;

function parseFile(file: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new TypeError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): ${WANTED}`);
  }
  try {
    return JSON.parse(toText(bytes));
  } catch (error) {
    throw new TypeError(`${file} is not JSON: ${(error as Error).message}`);
  }
}

/** A source with no records in the Bundle counts as read and empty. */
function callOfBundle(bundle: FhirObject, file: string) {
  const entries = withPatientIds(bundle);
  const resources = entries.map(({ resource }) => resource).filter(isRecord);
  const requests = resources.filter(({ resourceType }) => resourceType === "MedicationRequest");
  const drafts = requests.filter(({ status }) => status === "draft");
  if (drafts.length === 0) {
    const statuses = [...new Set(requests.map(({ status }) => String(status)))].join(", ") || "no MedicationRequest";
    throw new TypeError(
      `${file} has no MedicationRequest with status draft (found: ${statuses}): set the status of the order to draft`,
    );
  }
  const of = (resourceType: string) =>
    bundleOf(
      entries.filter(
        ({ resource }) => isRecord(resource) && resource.resourceType === resourceType && !drafts.includes(resource),
      ),
    );
  const chartTypes = new Set(Object.values(sources).map(({ resourceType }) => resourceType));
  return {
    hook: HOOK,
    hookInstance: crypto.randomUUID(),
    context: {
      userId: "Practitioner/author",
      patientId: patientOf(resources, drafts, file),
      // The drafts, and the resources that records reference, which are not chart records themselves.
      draftOrders: bundleOf(
        entries.filter(
          ({ resource }) => isRecord(resource) && (drafts.includes(resource) || !chartTypes.has(resource.resourceType)),
        ),
      ),
    },
    prefetch: Object.fromEntries(chartVariables.map((variable) => [variable, of(sources[variable].resourceType)])),
  };
}

const bundleOf = (entry: readonly FhirObject[]) => ({ resourceType: "Bundle", type: "collection", entry });

/** The entries, with each reference to the patient's fullUrl (`urn:uuid:…`) replaced by the patient's id. */
function withPatientIds({ entry }: FhirObject): FhirObject[] {
  const entries = objectsIn(entry);
  const addresses = new Map(
    entries.flatMap(({ fullUrl, resource }) =>
      isRecord(resource) && resource.resourceType === "Patient" ? [[fullUrl, `Patient/${String(resource.id)}`]] : [],
    ),
  );
  const named = (key: string, value: unknown) => (key === "reference" ? (addresses.get(value) ?? value) : value);
  return JSON.parse(JSON.stringify(entries), named) as FhirObject[];
}

/** The patient of the drafts, or the only one in the Bundle. */
function patientOf(resources: readonly FhirRecord[], drafts: readonly FhirRecord[], file: string): string {
  const named = drafts.map(({ subject }) => patientIn(subject, ""));
  const held = resources.filter(({ resourceType }) => resourceType === "Patient").map(({ id }) => textIn(id));
  const ids = new Set([...named, ...(named.some(Boolean) ? [] : held)].filter((id) => id !== undefined));
  const [id, ...others] = ids;
  if (id && others.length === 0) return id;
  const found = id ? "drafts for more than one patient" : "no patient";
  throw new TypeError(`${file} has ${found}: all drafts must have the same patient as subject`);
}
