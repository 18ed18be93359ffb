// Opens one policy for a command, both as written and compiled.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "../policy/format/policy.ts";
import { PolicyFaults, takeNotes } from "../policy/load/findings.ts";
import { policyOf, readPolicy, terminologyOf, type WrittenPolicy } from "../policy/load/load.ts";

export type OpenPolicy = { readonly folder: string; readonly written: WrittenPolicy; readonly policy: Policy };

/** The names of the policies in a folder. @throws TypeError if it has none */
export function policiesIn(directory: string): string[] {
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  const names = entries.map(({ name }) => name).filter((name) => existsSync(join(directory, name, "policy.yaml")));
  if (names.length === 0)
    throw new TypeError(`${directory} contains no policy: pass the folder of policies with --cards`);
  return names.sort();
}

/** @throws TypeError if there is no such policy; PolicyFaults if it cannot be loaded */
export function openPolicy(directory: string, name: string | undefined): OpenPolicy {
  const names = policiesIn(directory);
  if (name === undefined) throw new TypeError(`name a policy: ${directory} contains ${names.join(", ")}`);
  if (!names.includes(name))
    throw new TypeError(`there is no policy "${name}": ${directory} contains ${names.join(", ")}`);
  const folder = join(directory, name);
  const notes = takeNotes();
  const written = readPolicy(folder, notes);
  const policy = written && policyOf(written, terminologyOf(written));
  if (!policy || notes.faults.length > 0) throw new PolicyFaults(notes.faults);
  return { folder, written, policy };
}
