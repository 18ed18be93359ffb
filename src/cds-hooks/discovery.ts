// Discovery: the one service, and the prefetch that it asks for ("Discovery", "Prefetch Template"). Templates hold plain
// context tokens only, since clients send any other token as it stands and get a plausible empty Bundle back.

import { searchFor } from "../chart/sources.ts";
import { type ChartVariable, chartVariables } from "../policy/decision/chart.ts";
import { type Policy, sourcesRead } from "../policy/format/policy.ts";
import { HOOK } from "./request.ts";

export const SERVICE_ID = "preferred-product-order-sign";

/** A service as discovery describes it (CDS Hooks 2.0.1; `version` and `hookVersion` are of 3.0 and ignored by older clients). */
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
    description: `Compares medication orders about to be signed with payers' preferred product policies, and suggests the preferred product unless an exception is documented. Policies: ${titles.join("; ")}.`,
    usageRequirements:
      "FHIR R4. Send the prefetch below, or fhirServer with fhirAuthorization that may read the same resources; without either the answer is 412. Best called only for orders of the drugs that the policies name.",
    prefetch: Object.fromEntries(keys.map((key) => [key, searchFor(key, "{{context.patientId}}")])),
  };
  return { services: [service] };
}
