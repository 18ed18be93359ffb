// The order-sign call as CDS Hooks defines it ("HTTP Request", and order-sign in the hook library). The envelope is checked
// strictly; the FHIR resources in it are opaque here, and read later as far as possible. Unknown fields are ignored: nothing walks them.
// The schema is also what the OpenAPI document says.
import { z } from "zod";
import { CallError } from "../http/errors.ts";
import { chartVariables } from "../policy/decision/chart.ts";
import { isObject } from "../policy/fhir-json.ts";
import { plain } from "../policy/fhirpath/template.ts";

export const HOOK = "order-sign";

/** Longer addresses, ids and tokens than any real one cost time and say nothing. */
const httpUrl = z
  .string()
  .max(2048)
  .pipe(z.url({ protocol: /^https?$/, error: "must be an absolute http or https URL" }))
  .meta({ format: "uri" });
const filled = z.string().min(1, "must not be empty");
/** What an Authorization header can carry (RFC 6750, "b64token", and what servers send beside it). */
const accessToken = z.string().regex(/^[\x21-\x7e]{1,16384}$/, "must be 1 to 16,384 visible ASCII characters");
/** FHIR "id", as EHRs stretch it. */
const fhirId = filled.max(512).refine((id) => id.isWellFormed(), "must be well-formed Unicode");

const fhirAuthorization = z
  .object({
    access_token: accessToken,
    token_type: z.string().regex(/^[Bb][Ee][Aa][Rr][Ee][Rr]$/, 'must be "Bearer"'),
    expires_in: z.number(),
    scope: z.string(),
    subject: z.string(),
    patient: z.string().optional(),
  })
  .describe("A token for fhirServer. It is neither kept nor logged");

/** What discovery asks for. Keys that are typed by hand at an EHR may begin with a dash. */
const prefetchKeys = chartVariables.flatMap((name) => [name, `-${name}`]);

const prefetch = z
  .object(Object.fromEntries(prefetchKeys.map((key) => [key, z.unknown().optional()])))
  .nullish()
  .describe("Search results by key. A key that is missing or failed is read from fhirServer, if that may be called");

export const orderSignCall = z
  .object({
    hook: z.literal(HOOK, `must be "${HOOK}", the only hook of this service`),
    hookInstance: z.guid("must be a UUID"),
    fhirServer: httpUrl.optional(),
    fhirAuthorization: fhirAuthorization.optional(),
    context: z.object({
      userId: z.string().regex(/^\w+\/[\w.-]+$/, "must be a reference such as Practitioner/123"),
      patientId: fhirId,
      encounterId: z.string().optional(),
      draftOrders: z
        .object({ resourceType: z.literal("Bundle", 'must be "Bundle"'), entry: z.array(z.unknown()).optional() })
        .describe("A FHIR R4 Bundle"),
    }),
    prefetch,
  })
  .refine((call) => !call.fhirAuthorization || call.fhirServer, {
    path: ["fhirServer"],
    error: "is required when fhirAuthorization is present",
  })
  .meta({ dependentRequired: { fhirAuthorization: ["fhirServer"] } })
  .describe("CDS Hooks, HTTP Request, for order-sign. Other fields are ignored");

export type OrderSignCall = z.infer<typeof orderSignCall>;

const MAX_ENTRIES = 20_000; // in all Bundles of a call

/** @throws CallError 400 that names every field at fault, 413 for too many Bundle entries */
export function readOrderSignCall(body: unknown): OrderSignCall {
  const call = readBody(orderSignCall, body, "CDS Hooks order-sign call");
  const bundles = [call.context.draftOrders, ...Object.values(call.prefetch ?? {})];
  const sizes = bundles.map((bundle) => (isObject(bundle) && Array.isArray(bundle.entry) ? bundle.entry.length : 1));
  const entries = sizes.reduce((sum, size) => sum + size, 0);
  if (entries > MAX_ENTRIES) {
    const message = `The Bundles hold ${entries} entries, and at most ${MAX_ENTRIES} are read: send only what discovery asks for`;
    throw new CallError(413, "too-costly", message, { expression: ["prefetch"] });
  }
  return call;
}

const MAX_FAULTS = 10;

/** A list whose length is looked at before its elements: a fault in each of a million would fill the memory. */
export function listOf<T extends z.ZodType>(element: T, most: number) {
  const { $schema, ...items } = z.toJSONSchema(element, { io: "input" });
  const bounded = z.array(z.unknown()).max(most, `must not hold more than ${most}`);
  return bounded.pipe(z.array(element)).meta({ items });
}

/** Checks a body against a schema. @throws CallError 400 that names every field at fault; values are never quoted */
export function readBody<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, MAX_FAULTS);
  const faults = issues.map(({ path, message }) => ({ field: plain(path.join(".")) || "body", message }));
  throw new CallError(
    400,
    "invalid",
    `Not a valid ${what}: ${faults.map(({ field, message }) => `${field}: ${message}`).join("; ")}`,
    { expression: faults.map(({ field }) => field) },
  );
}
