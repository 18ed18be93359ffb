// A client: an EHR that the operator registered, or anyone in open mode.
import type { ClientForm } from "../cds-hooks/suggestion.ts";
import type { EhrRegistration } from "../chart/ehr.ts";

export type Client = EhrRegistration &
  ClientForm & {
    /** For logs and reports. */
    readonly name: string;
    /** Whether it may read the feedback report. */
    readonly insights: boolean;
  };

/** Open mode's client: anyone, with the FHIR servers that the operator allows. */
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
