// Loads the policies: one folder each, policy.yaml and value-sets/. Every fault of every policy is found in one go,
// since a start that stops at the first fault costs its author a start for each.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join, relative, sep } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { evidenceVariables } from "./evidence.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { type PolicyFile, policyFileSchema } from "./format.ts";
import type { Policy } from "./policy.ts";
import { compileTemplate, type Template } from "./template.ts";
import {
  indexValueSets,
  type Recognition,
  readValueSet,
  type Terminology,
  type ValueSet,
  valueSetSchema,
} from "./value-sets.ts";

/** One thing that is wrong with a policy, for its author: where it stands and why it is wrong. */
export type Fault = { readonly file: string; readonly place: string; readonly reason: string };

/** All faults of all policies. The message lists them, one a line. */
export class PolicyFaults extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ file, place, reason }) => `${file}${place && `: ${place}`}: ${reason}`).join("\n"));
    this.faults = faults;
  }
}

/** The policies of a folder, in the order of their names. @throws PolicyFaults */
export function loadPolicies(directory: string): Policy[] {
  const faults: Fault[] = [];
  const names = visibleIn(directory).filter((name) => statSync(join(directory, name)).isDirectory());
  if (names.length === 0) faults.push({ file: directory, place: "", reason: "holds no policy folder" });
  const policies = names.sort().map((name) => loadPolicy(join(directory, name), faults));
  if (faults.length > 0) throw new PolicyFaults(faults);
  return policies.filter((policy) => policy !== undefined);
}

/** A policy as its folder says it, not yet compiled. `path` is that of its policy.yaml. */
export type WrittenPolicy = {
  readonly id: string;
  readonly path: string;
  readonly file: PolicyFile;
  readonly sets: readonly ValueSet[];
  readonly revision: string;
};

function loadPolicy(folder: string, faults: Fault[]): Policy | undefined {
  const written = readPolicy(folder, faults);
  return written && policyOf(written, terminologyOf(written), faults);
}

/** Reads the folder of one policy. Undefined where policy.yaml is at fault. */
export function readPolicy(folder: string, faults: Fault[]): WrittenPolicy | undefined {
  const path = join(folder, "policy.yaml");
  const file = readChecked(path, policyFileSchema, faults);
  const sets = file && loadValueSets(folder, file, faults);
  return file && sets && { id: basename(folder), path, file, sets, revision: revisionOf(folder, file.reviewDate) };
}

export function terminologyOf({ sets, file }: WrittenPolicy): Terminology {
  return indexValueSets(sets, file.products.productNeutral);
}

/** Compiles a policy. @param terminology what `terminologyOf` gives for it */
export function policyOf(
  { id, path, file, revision }: WrittenPolicy,
  terminology: Terminology,
  faults: Fault[],
): Policy {
  const compiler = createCompiler(path, terminology, file.definitions, faults);
  const policy = compilePolicy(id, file, revision, compiler);
  checkNames(file, compiler);
  return policy;
}

function loadValueSets(folder: string, policyFile: PolicyFile, faults: Fault[]): ValueSet[] {
  const directory = join(folder, "value-sets");
  return visibleIn(directory).flatMap((name) => {
    const set = basename(name, extname(name));
    const resource = readChecked(join(directory, name), valueSetSchema, faults);
    return resource ? [readValueSet(set, resource, recognitionOf(policyFile, set))] : [];
  });
}

/** How the policy recognises a value set by text. */
export function recognitionOf({ text, substances }: PolicyFile, set: string): Recognition {
  const rule = substances.sets[set];
  return { text: text[set] ?? [], names: rule && { ...rule, neutral: substances.neutral } };
}

/** A YAML (or JSON, which is YAML) file, with all its scalars as text, that fits the schema; or faults. */
function readChecked<T>(file: string, schema: z.ZodType<T>, faults: Fault[]): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    faults.push({ file, place: "", reason: "cannot be read" });
    return undefined;
  }
  const document = parseDocument(text, { schema: "failsafe" });
  for (const error of document.errors) {
    faults.push({ file, place: `line ${error.linePos?.[0].line ?? 1}`, reason: error.message.split("\n")[0] ?? "" });
  }
  if (document.errors.length > 0) return undefined;
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) faults.push({ file, place: path.join("."), reason: message });
  return undefined;
}

type Compiler = {
  terminology: Terminology;
  fault(place: string, reason: string): void;
  expression(place: string, text: string, variables?: readonly string[]): Expression;
  template(place: string, text: string): Template;
};

const NOTHING: Expression = { text: "{}", variables: [], valueSets: [], evaluate: () => [] };

/** Compiles and, where that fails, notes the fault and goes on, so that the next ones are found too. */
function createCompiler(
  file: string,
  terminology: Terminology,
  definitions: PolicyFile["definitions"],
  faults: Fault[],
): Compiler {
  const fault = (place: string, reason: string) => void faults.push({ file, place, reason });
  const attempt = <T>(place: string, otherwise: T, compile: () => T): T => {
    try {
      return compile();
    } catch (error) {
      fault(place, (error as Error).message);
      return otherwise;
    }
  };
  return {
    terminology,
    fault,
    expression: (place, text, variables = evidenceVariables) =>
      attempt(place, NOTHING, () => compileExpression(expand(text, definitions), variables, terminology)),
    template: (place, text) => attempt(place, { parts: [] }, () => compileTemplate(text, terminology)),
  };
}

/** Puts definitions in the place of their names. The last first, since one may use those before it. */
function expand(text: string, definitions: PolicyFile["definitions"]): string {
  return Object.entries(definitions).reduceRight((expanded, [name, definition]) => {
    return expanded.replace(new RegExp(`%${name}\\b`, "g"), () => `(${definition})`);
  }, text);
}

function compilePolicy(id: string, file: PolicyFile, revision: string, compiler: Compiler): Policy {
  const rules = (place: string, list: PolicyFile["criteria"][number]["documented"], show: string) =>
    list.map((rule, index) => ({
      select: compiler.expression(`${place}.${index}.select`, rule.select),
      show: compiler.template(`${place}.${index}.show`, rule.show ?? show),
      note: rule.note,
    }));
  const texts = Object.entries(file.card.texts).map(([name, text]) => {
    return [name, compiler.template(`card.texts.${name}`, text)];
  });
  return {
    id,
    revision,
    title: file.title,
    publisher: file.publisher,
    reviewDate: file.reviewDate,
    document: file.document,
    statement: file.statement,
    history: file.history,
    payer: file.payer,
    nonPreferred: file.products.nonPreferred,
    preferred: file.products.preferred,
    replacements: file.products.replacements,
    terminology: compiler.terminology,
    appliesTo: compiler.expression("appliesTo", file.appliesTo, ["orders"]),
    authorized: compiler.expression("authorized", file.authorized),
    alreadyOrdered: compiler.expression("alreadyOrdered", file.alreadyOrdered),
    unanswered: file.unanswered.map((text, each) => compiler.expression(`unanswered.${each}`, text)),
    sameDrug: file.products.sameDrug,
    criteria: file.criteria.map(({ established, show, ...criterion }, index) => ({
      ...criterion,
      documented: rules(`criteria.${index}.documented`, criterion.documented, show),
      supporting: rules(`criteria.${index}.supporting`, criterion.supporting, show),
      established: established
        ? compiler.expression(`criteria.${index}.established`, established, ["evidence"])
        : undefined,
      wouldCount: criterion.wouldCount,
      reminder: criterion.reminder,
    })),
    cautions: file.cautions.map((caution, index) => ({
      ...caution,
      select: caution.select.map((text, each) => compiler.expression(`cautions.${index}.select.${each}`, text)),
      text: compiler.template(`cautions.${index}.text`, caution.text),
    })),
    texts: Object.fromEntries(texts) as Policy["texts"],
    topic: file.card.topic,
    overrideReasons: file.card.overrideReasons,
  };
}

/** Every value set that is named outside FHIRPath must be there, and a brand must not be a preferred product. */
function checkNames({ products, text, substances }: PolicyFile, { terminology, fault }: Compiler): void {
  const { nonPreferred, preferred, replacements } = products;
  const named = [
    ["products.nonPreferred.valueSet", nonPreferred.valueSet],
    ["products.preferred.valueSet", preferred.valueSet],
    ...replacements.map(({ valueSet }, index) => [`products.replacements.${index}.valueSet`, valueSet]),
    ...products.productNeutral.map((name) => ["products.productNeutral", name]),
    ...products.sameDrug.map((name) => ["products.sameDrug", name]),
    ...Object.keys(text).map((name) => ["text", name]),
    ...Object.keys(substances.sets).map((name) => ["substances", name]),
    ...[...terminology.sets.values()].flatMap((set) => set.excludes.map((name) => [`value set ${set.name}`, name])),
  ];
  for (const [place = "", name = ""] of named) {
    if (!terminology.sets.has(name)) fault(place, `there is no value set "${name}"`);
  }
  for (const [key, sets] of terminology.namesByKey) {
    if (sets.includes(nonPreferred.valueSet) && sets.includes(preferred.valueSet)) {
      fault("products", `${key} is in both ${nonPreferred.valueSet} and ${preferred.valueSet}`);
    }
  }
}

/** What a folder holds, also inside, but for what is hidden: editors' files, and the versions beside a mounted ConfigMap. */
function visibleIn(directory: string, recursive = false): string[] {
  const paths = existsSync(directory) ? readdirSync(directory, { recursive, encoding: "utf8" }) : [];
  return paths.filter((path) => !path.split(sep).some((name) => name.startsWith("."))).sort();
}

/** Review date and the first 12 hex digits of a SHA-256 over the folder: its files' names and contents. */
function revisionOf(folder: string, reviewDate: string): string {
  const files = visibleIn(folder, true).map((path) => join(folder, path));
  const paths = files.filter((path) => statSync(path).isFile()); // also behind a link
  const hash = createHash("sha256");
  for (const path of paths)
    hash
      .update(`${relative(folder, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  return `${reviewDate}-${hash.digest("hex").slice(0, 12)}`;
}
