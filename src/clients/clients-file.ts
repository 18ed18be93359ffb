// Reads CLIENTS_FILE: which EHRs may call, with which keys and FHIR servers. Reports all errors at once, with paths.
import { createPublicKey } from "node:crypto";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { isAmbiguous, isSecure } from "../network/urls.ts";
import { parseYaml, readTextFile } from "../policy/load/yaml-file.ts";
import type { Client } from "./client.ts";
import { BadKeySet, checkKeySet, type KeyLocation } from "./keys.ts";

/** A client that signs its requests. */
export type RegisteredClient = Client & {
  readonly issuer: string;
  readonly keys: KeyLocation;
  /** A token's `jku`, if any, must equal it; undefined if the keys are not fetched. */
  readonly jwksUrl: string | undefined;
  readonly algorithms: readonly Algorithm[];
  /** Accepted values of `aud`, in place of the endpoint's URL. */
  readonly audience: readonly string[] | undefined;
  /** Required value of `sub`. */
  readonly subject: string | undefined;
  /** Accepted values of `tenant`. */
  readonly tenants: readonly string[] | undefined;
  readonly demonstration: boolean;
};

/** Signature algorithms that a client may use: asymmetric only ("Trusting CDS Clients"). */
export const algorithms = ["ES384", "RS384", "ES256", "RS256"] as const;
export type Algorithm = (typeof algorithms)[number];

/** The clients file is invalid. The message lists every error, one per line. */
export class ClientsFaults extends Error {}

const trueOrFalse = z
  .enum(["true", "false"], "must be true or false")
  .default("false")
  .transform((word) => word === "true");
const nonEmpty = z.string("must be text").min(1, "must not be empty");
const serverUrl = z
  .url({ protocol: /^https?$/, error: "must be an absolute https URL" })
  .refine((url) => !URL.canParse(url) || isSecure(url), "must be https (http only for a loopback address)");

const fhirServer = serverUrl.refine(
  (url) => !URL.canParse(url) || isPlain(url),
  "must be a base URL without user name, query, fragment, or dot segments",
);

function isPlain(url: string): boolean {
  const { username, password, search, hash } = new URL(url);
  return !(username || password || search || hash || isAmbiguous(url));
}

const client = z
  .strictObject({
    name: z
      .string("must be text")
      .regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits, underscores, periods, or hyphens"),
    issuer: nonEmpty,
    jwksUrl: serverUrl.optional(),
    jwks: z.unknown().optional(),
    jwksFile: nonEmpty.optional(),
    algorithms: z
      .array(z.enum(algorithms, `must be one of ${algorithms.join(", ")}`))
      .min(1, "must not be empty")
      .default(["ES384", "RS384"]),
    fhirServers: z.array(fhirServer).default([]),
    replacement: z
      .enum(["update", "delete-create", "separate", "none"], "must be one of update, delete-create, separate, none")
      .optional(),
    dialect: z.enum(["standard", "epic"], "must be standard or epic").default("standard"),
    audience: z
      .union([nonEmpty.transform((one) => [one]), z.array(nonEmpty).min(1)], "must be text or a list of texts")
      .optional(),
    subject: nonEmpty.optional(),
    tenants: z.array(nonEmpty).min(1, "must not be empty").optional(),
    privateNetwork: trueOrFalse,
    insights: trueOrFalse,
    demonstration: trueOrFalse,
  })
  .superRefine(({ jwksUrl, jwks, jwksFile, dialect, replacement }, { addIssue }) => {
    const given = [jwksUrl, jwks, jwksFile].filter((each) => each !== undefined).length;
    if (given !== 1) {
      addIssue({ code: "custom", path: ["jwksUrl"], message: "needs exactly one of jwksUrl, jwks, and jwksFile" });
    }
    if (dialect === "epic" && (replacement === "update" || replacement === "delete-create")) {
      const message = "must be separate or none: dialect epic takes one action per suggestion, and no update";
      addIssue({ code: "custom", path: ["replacement"], message });
    }
  });

const clientsFile = z.strictObject({ clients: z.array(client).min(1, "must list at least one client") });

/**
 * @param isProduction rejects demonstration clients
 * @throws ClientsFaults
 */
export function loadClients(path: string, isProduction: boolean): RegisteredClient[] {
  const parsed = clientsFile.safeParse(readYaml(path));
  if (!parsed.success) fail(path, parsed.error.issues);
  const given = parsed.data.clients;
  const clients = given.map(({ jwksUrl, jwks, jwksFile, ...rest }): RegisteredClient => {
    const keys: KeyLocation = jwksUrl
      ? { kind: "url", url: jwksUrl }
      : jwksFile
        ? { kind: "file", path: resolve(dirname(path), jwksFile) }
        : { kind: "inline", keys: jwks };
    const { replacement = rest.dialect === "epic" ? "separate" : "update", audience, subject, tenants } = rest;
    return { ...rest, replacement, audience, subject, tenants, keys, jwksUrl };
  });
  const faults = clients.flatMap((each, index) => [
    ...faultsOfKeys(each, index),
    ...(isProduction && each.demonstration
      ? [
          {
            path: ["clients", index, "demonstration"],
            message: "must not be true in production: its private key is public",
          },
        ]
      : []),
    ...(["name", "issuer"] as const)
      .filter((field) => clients.findIndex((other) => other[field] === each[field]) < index)
      .map((field) => ({ path: ["clients", index, field], message: "is already used by another client" })),
  ]);
  if (faults.length > 0) fail(path, faults);
  return clients;
}

type Fault = { readonly path: readonly PropertyKey[]; readonly message: string };

/** Checks inline and file keys at startup. Keys at a URL are checked when first used. */
function faultsOfKeys({ keys, demonstration }: RegisteredClient, index: number): Fault[] {
  const field = keys.kind === "file" ? "jwksFile" : "jwks";
  try {
    if (keys.kind === "url") return [];
    const given = keys.kind === "inline" ? keys.keys : JSON.parse(readKeys(keys.path));
    for (const key of checkKeySet(given, demonstration).keys) createPublicKey({ key, format: "jwk" });
    return [];
  } catch (error) {
    const message =
      error instanceof BadKeySet
        ? error.message
        : error instanceof SyntaxError
          ? "is not JSON"
          : "contains an invalid key";
    return [{ path: ["clients", index, field], message }];
  }
}

/** @throws BadKeySet if the file cannot be read */
function readKeys(path: string): string {
  const read = readTextFile(path);
  if ("why" in read) throw new BadKeySet(read.why);
  return read.text;
}

function readYaml(path: string): unknown {
  const read = readTextFile(path);
  if ("why" in read) throw new ClientsFaults(`CLIENTS_FILE ${read.why}: ${path}`);
  const yaml = parseYaml(read.text);
  if ("value" in yaml) return yaml.value;
  throw new ClientsFaults(
    yaml.faults.map(({ line, column, reason }) => `${path}:${line}:${column}: not YAML: ${reason}`).join("\n"),
  );
}

function fail(file: string, faults: readonly Fault[]): never {
  const place = (path: Fault["path"]) =>
    path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  const lines = faults.map(
    ({ path, message }) => `${file}: ${place(path).join("").replace(/^\./, "") || "file"} ${message}`,
  );
  throw new ClientsFaults(lines.join("\n"));
}
