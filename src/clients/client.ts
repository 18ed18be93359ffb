// Who calls: an EHR, as the operator registered it, or anybody where nobody is registered.
import type { ClientForm } from "../cds-hooks/suggestion.ts";
import type { EhrRegistration } from "../chart/ehr.ts";

export type Client = EhrRegistration &
  ClientForm & {
    /** For logs and reports. */
    readonly name: string;
    /** Whether it may read the feedback report. */
    readonly insights: boolean;
  };

/** The caller in open mode: anybody, with the servers that the operator allows for all. */
export function openClient(fhirServers: readonly string[]): Client {
  return {
    name: "open",
    fhirServers,
    privateNetwork: false,
    replacement: "update",
    dialect: "standard",
    insights: false,
  };
}
