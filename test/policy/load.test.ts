// A bad policy stops the start: every fault at once, each with file, place and reason.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PolicyFaults } from "../../src/policy/findings.ts";
import { loadPolicies } from "../../src/policy/load.ts";
import { membership } from "../../src/policy/membership.ts";

let directory: string;
const policyPath = () => join(directory, "imatinib-preferred", "policy.yaml");
const setPath = (name: string) => join(directory, "imatinib-preferred", "value-sets", name);
const edit = (path: string, from: string | RegExp, to: string) => {
  const before = readFileSync(path, "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(path, after);
};
const faultsOf = (folder = directory) => {
  try {
    loadPolicies(folder);
    return [];
  } catch (error) {
    if (error instanceof PolicyFaults) return error.faults;
    throw error;
  }
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cards-"));
  cpSync("cards", directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the policies of this repository have no fault", () => {
  expect(faultsOf()).toEqual([]);
});

test.each([
  [
    "a mistyped element",
    /medication\.memberOf\('gleevec'\)/,
    "medicaton.memberOf('gleevec')",
    "authorized",
    'FHIR R4 has no element "medicaton"',
  ],
  [
    "an unknown variable",
    "%medicationDispenses.where",
    "%dispenses.where",
    "criteria.1.documented.1.select",
    "unknown variable %dispenses",
  ],
  [
    "a function that reaches the network",
    "effective.where(inFuture())",
    "effective.where(resolve())",
    "criteria.1.documented.0.select",
    "resolve() is not one that a policy may use",
  ],
  [
    "an unknown value set in FHIRPath",
    "memberOf('labelled-indications')",
    "memberOf('indications')",
    "criteria.0.supporting.0.show",
    'there is no value set "indications"',
  ],
  [
    "an unknown value set in FHIRPath, where it is only mentioned",
    "mentions('ingredient-classes')",
    "mentions('classes')",
    "criteria.2.documented.0.show",
    'there is no value set "classes"',
  ],
  [
    "an unknown value set of substances",
    "    allergies-not-known:",
    "    allergies-unknown:",
    "substances",
    'there is no value set "allergies-unknown"',
  ],
  [
    "a mistyped definition",
    "%currentAllergies.where((onset",
    "%activeAllergies.where((onset",
    "criteria.2.documented.0.select",
    "unknown variable %activeAllergies",
  ],
  [
    "an unknown value set of a product",
    "valueSet: gleevec",
    "valueSet: gleevac",
    "products.nonPreferred.valueSet",
    'there is no value set "gleevac"',
  ],
  [
    "an expression that does not parse",
    "status = 'completed'",
    "status = = 'completed'",
    "criteria.1.documented.1.select",
    "is not FHIRPath",
  ],
  ["an unknown key", "decides: yes", "decide: yes", "criteria.1.decides", "yes or no"],
  ["a date that is none", "reviewDate: 2026-03-25", "reviewDate: 03/25/2026", "reviewDate", "date"],
  [
    "a template with a mistyped variable",
    "{{ %evidence.status }}",
    "{{ %evidense.status }}",
    "criteria.1.documented.0.show",
    "unknown variable %evidense",
  ],
])("%s", (_name, from, to, place, reason) => {
  edit(policyPath(), from, to);
  const fault = faultsOf().find((each) => each.place === place);
  expect(fault?.file).toBe(policyPath());
  expect(fault?.reason).toContain(reason);
});

test("YAML that cannot be read is named with its line", () => {
  writeFileSync(policyPath(), "title: [unclosed\nreviewDate: 2026-03-25\n");
  expect(faultsOf()[0]).toMatchObject({ file: policyPath(), place: expect.stringMatching(/^line \d+$/) });
});

test("a brand code among the generic's is found", () => {
  edit(setPath("generic-imatinib-tablets.yaml"), "code: '403878'", "code: '404588'");
  expect(faultsOf()).toMatchObject([
    { place: "products", reason: expect.stringContaining("404588 is in both gleevec and generic-imatinib-tablets") },
  ]);
});

test("all faults of all policies are told at once", () => {
  cpSync(join(directory, "imatinib-preferred"), join(directory, "second"), { recursive: true });
  writeFileSync(join(directory, "second", "policy.yaml"), "title: x\n");
  edit(policyPath(), "memberOf('labelled-indications')", "memberOf('indications')");
  edit(policyPath(), "%medicationDispenses.where", "%dispenses.where");
  writeFileSync(setPath("gleevec.yaml"), "resourceType: Patient\n");
  const second = join(directory, "second", "policy.yaml");
  const files = new Set(faultsOf().map(({ file }) => file));
  expect([...files].sort()).toEqual([policyPath(), setPath("gleevec.yaml"), second].sort());
  expect(faultsOf().length).toBeGreaterThan(5);
});

test("a folder without policies is a fault", () => {
  expect(faultsOf(join(directory, "nowhere"))).toMatchObject([{ reason: "holds no policy folder" }]);
});

test("a value set downloaded from a terminology service drops in: JSON with an expansion", () => {
  rmSync(setPath("gleevec.yaml"));
  const expansion = {
    contains: [{ system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "404589", display: "Gleevec" }],
  };
  const downloaded = {
    resourceType: "ValueSet",
    url: "http://example.org/vs",
    status: "active",
    compose: { include: [] },
    expansion,
  };
  writeFileSync(setPath("gleevec.json"), JSON.stringify(downloaded, null, 2));
  const [policy] = loadPolicies(directory);
  const concept = { coding: [{ system: "urn:oid:2.16.840.1.113883.6.88", code: "404589" }] };
  expect(policy && [...membership(policy.terminology, concept)]).toContain("gleevec");
});

test("the revision is the review date and changes with any file of the folder", () => {
  const revision = () => loadPolicies(directory)[0]?.revision;
  const before = revision();
  expect(before).toMatch(/^2026-03-25-[0-9a-f]{12}$/);
  edit(setPath("gleevec.yaml"), "1 independent source", "one independent source");
  expect(revision()).not.toBe(before);
});

test("a mounted ConfigMap: what is hidden is no policy, and files behind links count for the revision", () => {
  const before = loadPolicies(directory)[0]?.revision;
  const version = join(directory, "imatinib-preferred", "..2026_11_24");
  mkdirSync(version);
  renameSync(policyPath(), join(version, "policy.yaml"));
  symlinkSync(join(version, "policy.yaml"), policyPath());
  mkdirSync(join(directory, "..data"));
  writeFileSync(setPath(".gleevec.yaml.swp"), "not YAML: [");
  expect(loadPolicies(directory).map(({ id, revision }) => [id, revision])).toEqual([["imatinib-preferred", before]]);
  edit(join(version, "policy.yaml"), "Generic imatinib tablets are", "Generic tablets of imatinib are");
  expect(loadPolicies(directory)[0]?.revision).not.toBe(before);
});
