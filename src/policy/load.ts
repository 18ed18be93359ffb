// Loads the policies: one folder each, policy.yaml and value-sets/. Everything that is wrong with any of them is found in one go,
// since a start that stops at the first fault costs its author a start for each.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { checkCases } from "./check-cases.ts";
import { checkPolicy, checkUse, type PolicyParts } from "./check-policy.ts";
import { readValueSets, setName } from "./check-value-sets.ts";
import { type Compiler, compilePolicy, createCompiler } from "./compile.ts";
import { type Finding, type Findings, type Notes, PolicyFaults, takeNotes, wholeFile } from "./findings.ts";
import { policyFileSchema } from "./format.ts";
import type { Policy } from "./policy.ts";
import { readAs } from "./read-as.ts";
import { readSource } from "./source-file.ts";
import { indexValueSets, type Terminology, type ValueSet } from "./value-sets.ts";

/**
 * The policies of a folder, in the order of their names. Files beside their folders are not looked at.
 * @param warn is told what is not as it should be, but keeps nothing from working
 * @throws PolicyFaults
 */
export function loadPolicies(directory: string, warn: (finding: Finding) => void = () => {}): Policy[] {
  const { policies, faults, warnings } = checkPolicies(directory, { needsCases: false });
  if (faults.length > 0) throw new PolicyFaults(faults);
  warnings.forEach(warn);
  return policies;
}

/**
 * Loads and checks the policies of a folder.
 * @param needsCases whether cases.yaml is checked too: a service decides without, and warns only where there is none
 * @returns the policies that could be loaded, and everything that is wrong with any
 */
export function checkPolicies(
  directory: string,
  { needsCases }: { readonly needsCases: boolean },
): Findings & { readonly policies: Policy[] } {
  const notes = takeNotes();
  const names = visibleIn(directory).filter((name) => statSync(join(directory, name)).isDirectory());
  if (names.length === 0) notes.fault(wholeFile(directory, "holds no policy folder"));
  if (existsSync(join(directory, "policy.yaml"))) {
    notes.fault(wholeFile(directory, "is a policy, not a folder of policies: name the folder that holds it"));
    return { policies: [], faults: notes.faults, warnings: notes.warnings };
  }
  const options = { needsCases, notes };
  const policies = names.map((name) => loadPolicy(join(directory, name), options));
  return {
    policies: policies.filter((policy) => policy !== undefined),
    faults: notes.faults,
    warnings: notes.warnings,
  };
}

type LoadOptions = {
  readonly needsCases: boolean;
  readonly notes: Notes & Findings;
};

function loadPolicy(folder: string, { needsCases, notes }: LoadOptions): Policy | undefined {
  const faultsBefore = notes.faults.length;
  const written = readPolicy(folder, notes);
  const compiled = written && compileWritten(written, terminologyOf(written));
  if (written && compiled) {
    checkPolicy(written, compiled.policy);
    if (notes.faults.length === faultsBefore) checkUse(written, compiled.used);
  }
  const cases = join(folder, "cases.yaml");
  if (needsCases) checkCases(cases, compiled?.policy, notes);
  else if (!existsSync(cases))
    notes.warn(wholeFile(cases, "is missing: nothing shows that the policy decides as it should"));
  return compiled?.policy;
}

/** A policy as its folder says it, not yet compiled. */
export type WrittenPolicy = PolicyParts & {
  readonly id: string;
  readonly revision: string;
  readonly sets: readonly ValueSet[];
};

export function terminologyOf({ sets, file }: WrittenPolicy): Terminology {
  return indexValueSets(sets, file.products.productNeutral);
}

/** Compiles a policy; what is wrong with it is noted by its source. @param terminology what `terminologyOf` gives for it */
export function policyOf(written: WrittenPolicy, terminology: Terminology): Policy {
  return compileWritten(written, terminology).policy;
}

function compileWritten(
  { id, revision, file, source, setNames }: WrittenPolicy,
  terminology: Terminology,
): { policy: Policy; used: Compiler["used"] } {
  const compiler = createCompiler(source, terminology, setNames, file.definitions);
  return { policy: compilePolicy(id, revision, file, terminology, compiler), used: compiler.used };
}

/** Reads the folder of one policy, and checks its value sets. Undefined where policy.yaml is at fault. */
export function readPolicy(folder: string, notes: Notes): WrittenPolicy | undefined {
  const source = readSource(join(folder, "policy.yaml"), notes);
  const file = source && readAs(source, policyFileSchema);
  const directory = join(folder, "value-sets");
  const names = visibleIn(directory);
  const valueSets = readValueSets(directory, names, file, notes);
  if (!source || !file) return undefined;
  const revision = revisionOf(folder, file.reviewDate);
  const sets = valueSets.map(({ set }) => set);
  return { id: basename(folder), revision, source, file, valueSets, sets, setNames: new Set(names.map(setName)) };
}

/** What a folder holds, also inside, but for what is hidden: editors' files, and the versions beside a mounted ConfigMap. */
function visibleIn(directory: string, recursive = false): string[] {
  const paths = existsSync(directory) ? readdirSync(directory, { recursive, encoding: "utf8" }) : [];
  return paths.filter((path) => !path.split(sep).some((name) => name.startsWith("."))).sort();
}

/** Review date and the first 12 hex digits of a SHA-256 over the folder: its files' names and contents. */
function revisionOf(folder: string, reviewDate: string): string {
  const hash = createHash("sha256");
  for (const path of visibleIn(folder, true)) {
    const file = join(folder, path);
    if (!statSync(file).isFile()) continue; // what is behind a link counts
    hash.update(`${path}\0`).update(readFileSync(file)).update("\0");
  }
  return `${reviewDate}-${hash.digest("hex").slice(0, 12)}`;
}
