// The order-sign call as CDS Hooks defines it ("HTTP Request", and order-sign in the hook library). The envelope is checked
// strictly; the FHIR resources in it are opaque here, and read later as far as possible. Unknown fields are ignored.
import { z } from "zod";
import { isObject, objectsIn } from "../policy/fhir-json.ts";
import { CallError } from "./errors.ts";

export const HOOK = "order-sign";

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an absolute http or https URL" });
const filled = z.string().min(1, "must not be empty");

const fhirAuthorization = z.object({
  access_token: filled,
  token_type: z.string().regex(/^bearer$/i, 'must be "Bearer"'),
  expires_in: z.number(),
  scope: z.string(),
  subject: z.string(),
  patient: z.string().optional(),
});

const orderSignCall = z
  .object({
    hook: z.literal(HOOK, `must be "${HOOK}", the only hook of this service`),
    hookInstance: z.guid("must be a UUID"),
    fhirServer: httpUrl.optional(),
    fhirAuthorization: fhirAuthorization.optional(),
    context: z.object({
      userId: z.string().regex(/^\w+\/[\w.-]+$/, "must be a reference such as Practitioner/123"),
      patientId: filled,
      encounterId: z.string().optional(),
      draftOrders: z.looseObject({
        resourceType: z.literal("Bundle", 'must be "Bundle"'),
        entry: z.array(z.unknown()).optional(),
      }),
    }),
    prefetch: z.record(z.string(), z.unknown()).nullish(),
  })
  .refine((call) => !call.fhirAuthorization || call.fhirServer, {
    path: ["fhirServer"],
    error: "is required when fhirAuthorization is present",
  });

export type OrderSignCall = z.infer<typeof orderSignCall>;

const MOST_ENTRIES = 10_000; // in all Bundles of a call

/** @throws CallError 400 that names every field at fault, 413 for too many Bundle entries */
export function readOrderSignCall(body: unknown): OrderSignCall {
  const call = readBody(orderSignCall, body, "CDS Hooks order-sign call");
  const bundles = { "context.draftOrders": call.context.draftOrders, ...call.prefetch };
  const sizes = Object.values(bundles).map((bundle) => (isObject(bundle) ? objectsIn(bundle.entry).length : 0));
  const entries = sizes.reduce((sum, size) => sum + size, 0);
  if (entries > MOST_ENTRIES) {
    const message = `The Bundles hold ${entries} entries, and at most ${MOST_ENTRIES} are read: send only what discovery asks for`;
    throw new CallError(413, "too-costly", message, { expression: ["prefetch"] });
  }
  return call;
}

/** Checks a body against a schema. @throws CallError 400 that names every field at fault; values are never quoted */
export function readBody<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({ field: path.join(".") || "body", message }));
  throw new CallError(
    400,
    "invalid",
    `Not a valid ${what}: ${faults.map(({ field, message }) => `${field}: ${message}`).join("; ")}`,
    { expression: faults.map(({ field }) => field) },
  );
}
