// Discovery: the one service and its prefetch ("Discovery", "Prefetch Template"). Templates use plain context tokens
// only: clients send any other token unresolved, and get back an empty Bundle that looks valid.

import { searchFor } from "../chart/sources.ts";
import { type ChartVariable, chartVariables } from "../policy/decision/chart.ts";
import { type Policy, sourcesRead } from "../policy/format/policy.ts";
import { HOOK } from "./request.ts";

export const SERVICE_ID = "preferred-product-order-sign";

/** CDS Hooks 2.0.1, with `version` and `hookVersion` from 3.0, which older clients ignore. */
export type Service = {
  hook: string;
  hookVersion: string;
  version: string;
  id: string;
  title: string;
  description: string;
  usageRequirements: string;
  prefetch: Record<string, string>;
};

export function describeServices(policies: readonly Policy[]): { services: Service[] } {
  const read = new Set(policies.flatMap(sourcesRead));
  const keys: ChartVariable[] = chartVariables.filter((variable) => read.has(variable));
  const titles = policies.map(({ publisher, title, reviewDate }) => `${publisher}: ${title} (reviewed ${reviewDate})`);
  const service: Service = {
    hook: HOOK,
    hookVersion: "1.0",
    version: "2.0.1",
    id: SERVICE_ID,
    title: "Preferred product at order signing",
    description: [
      "Checks medication orders being signed against payers' preferred product policies, and suggests the preferred",
      `product unless an exception is documented. Policies: ${titles.join("; ")}.`,
    ].join(" "),
    usageRequirements: [
      "FHIR R4. Send the prefetch below, or fhirServer with a fhirAuthorization that can read the same resources:",
      "without prefetch or FHIR access it returns 412. Best called only for orders of the drugs named in the policies.",
    ].join(" "),
    prefetch: Object.fromEntries(keys.map((key) => [key, searchFor(key, "{{context.patientId}}")])),
  };
  return { services: [service] };
}
