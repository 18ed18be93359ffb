// Opens one policy of a folder of policies for a command, as it is written and compiled, with its cases.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type CaseFile, readCases } from "../playground/cases.ts";
import { type Fault, PolicyFaults, policyOf, readPolicy, terminologyOf, type WrittenPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/policy.ts";

export type OpenPolicy = { readonly folder: string; readonly written: WrittenPolicy; readonly policy: Policy };

/** The names of the policies in a folder. @throws TypeError where it holds none */
export function policiesIn(directory: string): string[] {
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  const names = entries.map(({ name }) => name).filter((name) => existsSync(join(directory, name, "policy.yaml")));
  if (names.length === 0) throw new TypeError(`${directory} holds no policy: name the folder of policies with --cards`);
  return names.sort();
}

/** @throws TypeError where there is no such policy; PolicyFaults where it cannot be loaded */
export function openPolicy(directory: string, name: string | undefined): OpenPolicy {
  const names = policiesIn(directory);
  if (name === undefined) throw new TypeError(`name a policy: ${directory} holds ${names.join(", ")}`);
  if (!names.includes(name))
    throw new TypeError(`there is no policy "${name}": ${directory} holds ${names.join(", ")}`);
  const folder = join(directory, name);
  const faults: Fault[] = [];
  const written = readPolicy(folder, faults);
  const policy = written && policyOf(written, terminologyOf(written), faults);
  if (!policy || faults.length > 0) throw new PolicyFaults(faults);
  return { folder, written, policy };
}

/** @throws PolicyFaults with what is wrong with cases.yaml */
export function openCases(folder: string): CaseFile {
  const file = join(folder, "cases.yaml");
  if (!existsSync(file)) throw new PolicyFaults([{ file, place: "", reason: "cannot be read: there are no cases" }]);
  try {
    return readCases(folder);
  } catch (error) {
    const issues = error instanceof z.ZodError ? error.issues : [{ path: [], message: (error as Error).message }];
    throw new PolicyFaults(issues.map(({ path, message }) => ({ file, place: path.join("."), reason: message })));
  }
}
