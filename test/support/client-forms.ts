// Registered clients of every form in which suggestions are taken, and the service that knows them.
import type { RegisteredClient } from "../../src/clients/clients-file.ts";
import { type Service, startService } from "./service.ts";
import { createSigner, registered, type Signer } from "./tokens.ts";

export const forms = {
  "https://update.example": {},
  "https://delete-create.example": { replacement: "delete-create" },
  "https://separate.example": { replacement: "separate" },
  "https://none.example": { replacement: "none" },
  "https://epic.example": { dialect: "epic", replacement: "separate" },
} as const satisfies Record<string, Partial<RegisteredClient>>;
export type Issuer = keyof typeof forms;

export async function startForForms(
  options: Omit<Parameters<typeof startService>[0] & object, "clients"> = {},
): Promise<{ service: Service; signers: Record<string, Signer> }> {
  const issuers = Object.keys(forms) as Issuer[];
  const signers = Object.fromEntries(
    await Promise.all(issuers.map(async (issuer) => [issuer, await createSigner(issuer)] as const)),
  );
  const clients = issuers.map((issuer) => registered(issuer, [signers[issuer]?.publicKey ?? {}], forms[issuer]));
  return { service: await startService({ ...options, clients }), signers };
}
