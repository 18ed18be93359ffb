// The clients file: what it may say, its defaults, and every mistake named at once with its path.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadClients } from "../../src/clients/clients-file.ts";
import { createSigner, type Signer } from "../support/tokens.ts";

let folder: string;
let signer: Signer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clients-"));
  signer = await createSigner("https://ehr.example.org");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** JSON is YAML. */
function load(clients: unknown, isProduction = false) {
  const path = join(folder, "clients.yaml");
  writeFileSync(path, typeof clients === "string" ? clients : JSON.stringify({ clients }));
  return loadClients(path, isProduction);
}
const minimal = (parts = {}) => ({
  name: "example-health",
  issuer: "https://ehr.example.org",
  jwks: { keys: [signer.publicKey] },
  ...parts,
});

test("defaults", () => {
  expect(load([minimal()])).toEqual([
    {
      name: "example-health",
      issuer: "https://ehr.example.org",
      keys: { kind: "inline", keys: { keys: [signer.publicKey] } },
      jwksUrl: undefined,
      algorithms: ["ES384", "RS384"],
      fhirServers: [],
      replacement: "update",
      dialect: "standard",
      audience: undefined,
      subject: undefined,
      tenants: undefined,
      privateNetwork: false,
      insights: false,
      demonstration: false,
    },
  ]);
});

test("the documented example is one that the service reads", () => {
  const [standard, epic, ...others] = loadClients("docs/examples/clients.yaml", true);
  expect(standard).toMatchObject({ keys: { kind: "url", url: standard?.jwksUrl }, replacement: "update" });
  expect(epic).toMatchObject({ dialect: "epic", replacement: "separate" });
  expect(others).toEqual([]);
  expect(readFileSync("docs/security.md", "utf8")).toContain("examples/clients.yaml");
});

test("a key file is found beside the clients file", () => {
  writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [signer.publicKey] }));
  const { jwks, ...rest } = minimal();
  expect(load([{ ...rest, jwksFile: "keys.json" }])[0]?.keys).toEqual({
    kind: "file",
    path: join(folder, "keys.json"),
  });
});

const { jwks, ...keyless } = { ...{ name: "a", issuer: "https://a.example" }, jwks: undefined };
test.each<[string, unknown, string]>([
  ["not YAML", "clients: [", ": not YAML: "],
  ["no clients", "clients: []", "clients.yaml: clients must list at least one client"],
  ["no list", "{}", "clients.yaml: clients "],
  ["an unknown setting", [{ ...keyless, jwksUrl: "https://a.example/k", color: "red" }], "clients[0]"],
  ["no keys", [keyless], "clients[0].jwksUrl needs exactly one of jwksUrl, jwks, and jwksFile"],
  [
    "two places of keys",
    [{ ...keyless, jwksUrl: "https://a.example/k", jwksFile: "k" }],
    "clients[0].jwksUrl needs exactly",
  ],
  ["keys over http", [{ ...keyless, jwksUrl: "http://a.example/k" }], "clients[0].jwksUrl must be https"],
  [
    "an algorithm that is none",
    [{ ...keyless, jwksUrl: "https://a.example/k", algorithms: ["none"] }],
    "clients[0].algorithms[0] must be one of",
  ],
  [
    "a symmetric algorithm",
    [{ ...keyless, jwksUrl: "https://a.example/k", algorithms: ["HS256"] }],
    "clients[0].algorithms[0] must be one of",
  ],
  [
    "no algorithm",
    [{ ...keyless, jwksUrl: "https://a.example/k", algorithms: [] }],
    "clients[0].algorithms must not be empty",
  ],
  [
    "a FHIR server over http",
    [{ ...keyless, jwksUrl: "https://a.example/k", fhirServers: ["http://a.example"] }],
    "clients[0].fhirServers[0] must be https",
  ],
  [
    "a FHIR server that is no URL",
    [{ ...keyless, jwksUrl: "https://a.example/k", fhirServers: ["a.example"] }],
    "clients[0].fhirServers[0] must be an absolute https URL",
  ],
  [
    "a FHIR server with a password",
    [{ ...keyless, jwksUrl: "https://a.example/k", fhirServers: ["https://u:p@a.example"] }],
    "clients[0].fhirServers[0] must be a base URL without",
  ],
  [
    "a FHIR server with dot segments",
    [{ ...keyless, jwksUrl: "https://a.example/k", fhirServers: ["https://a.example/b/../c"] }],
    "clients[0].fhirServers[0] must be a base URL without",
  ],
  [
    "a truth that is none",
    [{ ...keyless, jwksUrl: "https://a.example/k", insights: "yes" }],
    "clients[0].insights must be true or false",
  ],
  [
    "a form that is none",
    [{ ...keyless, jwksUrl: "https://a.example/k", replacement: "swap" }],
    "clients[0].replacement must be one of",
  ],
  [
    "Epic with an update",
    [{ ...keyless, jwksUrl: "https://a.example/k", dialect: "epic", replacement: "update" }],
    "clients[0].replacement must be separate or none",
  ],
  [
    "a name with spaces",
    [{ ...keyless, jwksUrl: "https://a.example/k", name: "a b" }],
    "clients[0].name must be 1 to 64",
  ],
  ["a key file that is not there", [{ ...keyless, jwksFile: "nowhere.json" }], "clients[0].jwksFile is missing"],
  [
    "a key that is none",
    [{ ...keyless, jwks: { keys: [{ kty: "EC", kid: "a", crv: "P-384", x: "AA", y: "AA" }] } }],
    "clients[0].jwks contains an invalid key",
  ],
  [
    "a private key",
    [{ ...keyless, jwks: { keys: [{ kty: "EC", kid: "a", crv: "P-384", x: "AA", y: "AA", d: "AA" }] } }],
    "clients[0].jwks publishes a private key",
  ],
])("refused with its path: %s", (_name, clients, message) => {
  expect(() => load(clients)).toThrow(message);
});

test("two clients of one name or issuer", () => {
  expect(() => load([minimal(), minimal()])).toThrow(
    /clients\[1\]\.name is already used by another client\n.*clients\[1\]\.issuer is already used by another client/,
  );
});

test("all mistakes at once", () => {
  expect(() => load([minimal({ name: "" }), minimal({ insights: "yes" })])).toThrow(
    /clients\[0\]\.name .*\n.*clients\[1\]\.insights /,
  );
});

test("a demonstration client is refused in production: its key is public", () => {
  const demonstration = [minimal({ demonstration: "true" })];
  expect(load(demonstration)[0]?.demonstration).toBe(true);
  expect(() => load(demonstration, true)).toThrow("clients[0].demonstration must not be true in production");
});

test("a file that is not there", () => {
  expect(() => loadClients(join(folder, "nowhere.yaml"), false)).toThrow(/CLIENTS_FILE is missing: .*nowhere/);
});
