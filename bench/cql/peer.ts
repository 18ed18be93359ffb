// The same decision by another engine: imatinib.cql, carried out by cql-execution on the FHIR objects of cql-exec-fhir.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fhir from "cql-exec-fhir";
import cql from "cql-execution";
import type { Decision } from "../../src/policy/decision/decide.ts";
import type { FhirRecord } from "../../src/policy/fhir-json.ts";
import type { Policy } from "../../src/policy/format/policy.ts";

/** What both engines find. */
export type Facts = {
  readonly row: string;
  readonly criteria: readonly string[];
  readonly cautions: readonly string[];
  readonly alreadyOrdered: boolean;
};

export type Peer = {
  /** @param records the chart's and the drafts: all that were received, or those that our screen leaves */
  evaluate(records: readonly FhirRecord[]): Promise<Facts>;
};

const CRITERIA = ["1B", "1C"];
const CAUTIONS = ["imatinib", "generic", "ingredient", "ingredient-of-both"].map((to) => `reaction-to-${to}`);
const PATIENT = { resourceType: "Patient", id: "patient" };

/** The value sets of the policy become code lists. What is the same for every call is prepared once. */
export async function createPeer({ terminology }: Policy): Promise<Peer> {
  const library = new cql.Repository(await translate("imatinib")).resolve("Imatinib", "1.0.0");
  const sets = [...terminology.sets.values()].map(({ name, concepts }) => [name, { "": concepts }] as const);
  const executor = new cql.Executor(library, new cql.CodeService(Object.fromEntries(sets)));
  const source = fhir.PatientSource.FHIRv401();
  return {
    async evaluate(records) {
      const entry = [PATIENT, ...records].map((resource) => ({ resource }));
      source.reset();
      source.loadBundles([{ resourceType: "Bundle", type: "collection", entry }]);
      const found = (await executor.exec(source)).patientResults[PATIENT.id] ?? {};
      const { row, alreadyOrdered } = found;
      return {
        ...{ row, alreadyOrdered },
        criteria: CRITERIA.map((id) => found[id]),
        cautions: CAUTIONS.filter((id) => found[id]),
      };
    },
  };
}

/** In a thread, since the translator writes to the standard output, and its memory is not to be there while times are taken. */
async function translate(name: string): Promise<object[]> {
  const worker = new Worker(new URL("./translate.ts", import.meta.url), { workerData: name, stdout: true });
  const [elm] = await once(worker, "message");
  await worker.terminate();
  return elm;
}

/** Of our decision, what the CQL tells as well: not 1A, nor what stands in a note, nor what could not be read, which to CQL is not there. */
export function factsOf({ row, criteria, cautions, alreadyOrdered }: Decision): Facts {
  const outcomes = new Map(criteria.map(({ criterion, outcome }) => [criterion.id, outcome]));
  const found = cautions.map(({ caution }) => caution.id);
  return {
    row: row === "cautions-unread" ? "change" : row,
    criteria: CRITERIA.map((id) => outcomes.get(id)?.replace("unknown", "not-found") ?? ""),
    cautions: CAUTIONS.filter((id) => found.includes(id)),
    alreadyOrdered: alreadyOrdered.length > 0,
  };
}
