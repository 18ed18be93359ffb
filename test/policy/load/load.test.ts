// What is loaded of a folder of policies, and what refuses the start. Each kind of fault is in check.test.ts.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PolicyFaults } from "../../../src/policy/load/findings.ts";
import { checkPolicies, loadPolicies } from "../../../src/policy/load/load.ts";
import { membership } from "../../../src/policy/terminology/membership.ts";
import { createTexts } from "../../../src/policy/terminology/texts.ts";

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

test("the start is refused for what the author's check calls a fault, with every fault on a line", () => {
  edit(policyPath(), "medication.memberOf('gleevec') and %has", "medicaton.memberOf('gleevec') and %has");
  edit(setPath("generic-imatinib-tablets.yaml"), "code: '403878'", "code: '404588'");
  const reasons = faultsOf().map(({ reason }) => reason);
  expect(reasons).toEqual(checkPolicies(directory, { needsCases: false }).faults.map(({ reason }) => reason));
  expect(reasons.join()).toMatch(/no element "medicaton".*404588 is also in gleevec/);
  expect(() => loadPolicies(directory)).toThrow(
    /policy.yaml:\d+:\d+: authorized: MedicationRequest has no element "medicaton", did you mean "medication"\?\n/,
  );
});

test("files beside the folders of policies are not looked at", () => {
  writeFileSync(join(directory, "README.md"), "not YAML: [");
  expect(loadPolicies(directory)).toHaveLength(1);
});

test("a folder without policies is a fault", () => {
  expect(faultsOf(join(directory, "nowhere"))).toMatchObject([{ reason: "contains no policy folder" }]);
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
  expect(policy && [...membership(policy.terminology, concept, createTexts())]).toContain("gleevec");
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
