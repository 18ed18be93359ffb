// Loads the policies, one folder each with policy.yaml and value-sets/. Reports all faults at once, so that an author
// need not restart for each.
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { checkCases } from "../check/cases.ts";
import { checkPolicy, checkUnused, type PolicyParts } from "../check/policy.ts";
import { readValueSets, setName } from "../check/value-sets.ts";
import type { Policy } from "../format/policy.ts";
import { policyFileSchema } from "../format/policy-file.ts";
import { indexValueSets, type Terminology, type ValueSet } from "../terminology/value-sets.ts";
import { type Compiler, compilePolicy, createCompiler } from "./compile.ts";
import { type Finding, type Findings, type Notes, PolicyFaults, takeNotes, wholeFile } from "./findings.ts";
import { readAs } from "./read-as.ts";
import { readSource } from "./source-file.ts";
import { kindOf, listFolder, readTextFile } from "./yaml-file.ts";

/**
 * The policies in a folder, sorted by name. Files next to their folders are ignored.
 * @throws PolicyFaults
 */
export function loadPolicies(directory: string, warn: (finding: Finding) => void = () => {}): Policy[] {
  const { policies, faults, warnings } = checkPolicies(directory, { needsCases: false });
  if (faults.length > 0) throw new PolicyFaults(faults);
  warnings.forEach(warn);
  return policies;
}

/**
 * Loads and checks the policies in a folder.
 * @param needsCases whether to check cases.yaml too. The service runs without, and only warns if there is none
 * @returns the policies that could be loaded, and all findings
 */
export function checkPolicies(
  directory: string,
  { needsCases }: { readonly needsCases: boolean },
): Findings & { readonly policies: Policy[] } {
  const notes = takeNotes();
  const names = foldersIn(directory, notes);
  if (names.length === 0 && notes.faults.length === 0) notes.fault(wholeFile(directory, "contains no policy folder"));
  if (kindOf(join(directory, "policy.yaml")) === "file") {
    notes.fault(wholeFile(directory, "is a policy, not a folder of policies: give its parent folder"));
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
    if (notes.faults.length === faultsBefore) checkUnused(written, compiled.used);
  }
  const cases = join(folder, "cases.yaml");
  if (needsCases) checkCases(cases, compiled?.policy, notes);
  else if (kindOf(cases) === "nothing") notes.warn(wholeFile(cases, "is missing, so the policy is untested"));
  return compiled?.policy;
}

/** A policy as written in its folder, not yet compiled. */
export type WrittenPolicy = PolicyParts & {
  readonly id: string;
  readonly revision: string;
  readonly sets: readonly ValueSet[];
};

export function terminologyOf({ sets, file }: WrittenPolicy): Terminology {
  return indexValueSets(sets, file.products.productNeutral);
}

/** Compiles a policy; faults go to its source's notes. @param terminology from `terminologyOf` */
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

/** Reads a policy folder and checks its value sets. Undefined if policy.yaml is invalid. */
export function readPolicy(folder: string, notes: Notes): WrittenPolicy | undefined {
  const source = readSource(join(folder, "policy.yaml"), notes);
  const file = source && readAs(source, policyFileSchema);
  const directory = join(folder, "value-sets");
  const names = namesIn(directory, notes);
  const valueSets = readValueSets(directory, names, file, notes);
  if (!source || !file) return undefined;
  const revision = revisionOf(folder, file.reviewDate, notes);
  const sets = valueSets.map(({ set }) => set);
  return { id: basename(folder), revision, source, file, valueSets, sets, setNames: new Set(names.map(setName)) };
}

function namesIn(directory: string, notes: Notes): string[] {
  const listed = listFolder(directory);
  if ("names" in listed) return listed.names;
  notes.fault(wholeFile(directory, listed.why));
  return [];
}

function foldersIn(directory: string, notes: Notes): string[] {
  return namesIn(directory, notes).filter((name) => {
    const kind = kindOf(join(directory, name));
    if (typeof kind !== "string") notes.fault(wholeFile(join(directory, name), kind.why));
    return kind === "folder";
  });
}

/**
 * Review date and the first 12 hex digits of a SHA-256 over the names and contents of the folder's files, following
 * links.
 */
function revisionOf(folder: string, reviewDate: string, notes: Notes): string {
  const hash = createHash("sha256");
  for (const path of filesWithin(folder, "", [], notes)) {
    const file = join(folder, path);
    const read = readTextFile(file);
    if ("why" in read) notes.fault(wholeFile(file, read.why));
    else hash.update(`${path}\0`).update(read.text).update("\0");
  }
  return `${reviewDate}-${hash.digest("hex").slice(0, 12)}`;
}

/** @param outer the real paths of the enclosing folders */
function* filesWithin(root: string, path: string, outer: readonly string[], notes: Notes): Generator<string> {
  const folder = realpathSync(join(root, path));
  if (outer.includes(folder)) {
    notes.fault(wholeFile(join(root, path), "links to a folder that contains it"));
    return;
  }
  for (const name of namesIn(folder, notes)) {
    const inner = join(path, name);
    if (kindOf(join(root, inner)) === "folder") yield* filesWithin(root, inner, [...outer, folder], notes);
    else yield inner;
  }
}
