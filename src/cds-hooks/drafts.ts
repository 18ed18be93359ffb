// The draft orders of a request: every MedicationRequest of the patient in context.draftOrders.
import type { EhrAccess } from "../chart/ehr.ts";
import { MAX_REASONS, namesDrug, patientIn, resolveRecord, unresolvedDrug } from "../chart/record.ts";
import { addToIndex, createIndex, fetchReferenced, findReferenced, type ReferenceIndex } from "../chart/references.ts";
import { isOversized } from "../chart/size.ts";
import { CallError } from "../http/errors.ts";
import { drugOf, type Order, type PolicyOrders } from "../policy/decision/order.ts";
import { type FhirObject, type FhirRecord, isObject, isRecord, objectsIn, textIn } from "../policy/fhir-json.ts";
import type { Reading } from "../policy/terminology/reading.ts";
import type { Screen } from "../policy/terminology/screen.ts";
import type { OrderSignCall } from "./request.ts";

export type Drafts = {
  readonly orders: readonly Order[];
  readonly index: ReferenceIndex;
  /** For the log: skipped drafts. MedicationOrder is the DSTU2 resource, the public sandbox's default. */
  readonly ignored: {
    readonly illFormed: number;
    readonly otherPatient: number;
    readonly withoutDrug: number;
    readonly hasDstu2: boolean;
  };
};

/**
 * Reads the drafts and resolves their references. Calls the EHR only for a draft's drug: if nothing in the request
 * names it, or if its name may match a policy.
 * @throws CallError 413 for too many drafts
 */
export async function readDrafts(
  call: OrderSignCall,
  access: EhrAccess | undefined,
  { screen }: Reading,
): Promise<Drafts> {
  const { draftOrders, patientId } = call.context;
  const index = createIndex(call.fhirServer);
  addToIndex(index, draftOrders);
  const entries = draftOrders.entry ?? [];
  const resources = entries.map((entry) => (isObject(entry) ? entry.resource : undefined));
  const readable = resources.filter(isRecord).filter((resource) => !isOversized(resource));
  const requests = readable.filter(({ resourceType }) => resourceType === "MedicationRequest");
  const own = requests.filter((request) => (patientIn(request.subject, patientId) ?? patientId) === patientId);
  refuseTooMany(own.length);
  // No policy applies to most requests: prefetch is indexed only if a draft's drug may be in it.
  if (own.some((request) => unresolvedDrug(index, request))) addPrefetchToIndex(index, call);
  if (access)
    await fetchReferenced(
      index,
      access,
      own.flatMap((request) => missingDrug(request, index, screen)),
    );
  const orders = own.map((asSent) => ({ asSent, resolved: resolveRecord(index, asSent) }));
  return {
    orders,
    index,
    ignored: {
      illFormed: resources.length - readable.length,
      otherPatient: requests.length - own.length,
      withoutDrug: orders.filter(({ resolved }) => !drugOf(resolved) || !namesDrug(resolved)).length,
      hasDstu2: readable.some(({ resourceType }) => resourceType === "MedicationOrder"),
    },
  };
}

const MAX_DRAFTS = 1000;

/** Each order has references to resolve. One that a policy applies to costs 0.1 ms and a line on the card. */
function refuseTooMany(drafts: number): void {
  if (drafts <= MAX_DRAFTS) return;
  const message = `Too many draft orders: ${drafts}, at most ${MAX_DRAFTS}`;
  throw new CallError(413, "too-costly", message, { expression: ["context.draftOrders"] });
}

/** The draft's medicationReference, if nothing in the request names the drug or its name may match a policy. */
function missingDrug(request: FhirRecord, index: ReferenceIndex, screen: Screen): FhirObject | [] {
  const drug = unresolvedDrug(index, request);
  const display = textIn(drug?.display);
  const isUnknown = !display || screen.mayName("orders", display) || !namesDrug(resolveRecord(index, request));
  return drug && isUnknown ? drug : [];
}

/** The orders with their referenced reasons: from prefetch, else from the EHR. */
export async function resolveReasons(
  { index }: Drafts,
  applicable: readonly PolicyOrders[],
  call: OrderSignCall,
  access: EhrAccess | undefined,
): Promise<PolicyOrders[]> {
  addPrefetchToIndex(index, call);
  const orders = [...new Set(applicable.flatMap(({ orders }) => orders))].filter(
    ({ asSent }) => asSent.reasonReference !== undefined,
  );
  const open = orders.flatMap(({ asSent }) =>
    objectsIn(asSent.reasonReference)
      .slice(0, MAX_REASONS)
      .filter((reference) => !findReferenced(index, asSent, reference)),
  );
  if (access) await fetchReferenced(index, access, open);
  const resolved = new Map(orders.map((order) => [order, { ...order, resolved: resolveRecord(index, order.asSent) }]));
  return applicable.map((each) => ({ ...each, orders: each.orders.map((order) => resolved.get(order) ?? order) }));
}

function addPrefetchToIndex(index: ReferenceIndex, { prefetch }: OrderSignCall): void {
  for (const value of Object.values(prefetch ?? {})) addToIndex(index, value);
}
