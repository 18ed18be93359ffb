// A policy's value sets: what they hold, and how they are looked up by code. Knows FHIR ValueSet; knows no drug and no file.
// Which of them a record belongs to is membership.ts.
import { z } from "zod";
import { codingKeys } from "./codings.ts";
import type { FhirObject } from "./fhir-json.ts";
import type { Look } from "./membership.ts";
import { mentions, type NameRule, type TextRule } from "./terms.ts";

/** One code as a value set lists it. `comment` says how certain it is and where it was seen. */
export type Concept = { system: string; code: string; display: string; comment: string | undefined };

/** One value set of a policy. `excludes` names the sets whose members are never members of this one. */
export type ValueSet = {
  name: string;
  title: string;
  description: string | undefined;
  concepts: Concept[];
  excludes: string[];
  text: TextRule[];
  names: NameRule | undefined;
};

/** What a policy says of a value set beside its codes. */
export type Recognition = Pick<ValueSet, "text" | "names">;

const COMMENT = "http://hl7.org/fhir/StructureDefinition/valueset-concept-comments";
const extension = z.looseObject({ url: z.string(), valueString: z.string().optional() });
const concept = z.looseObject({
  code: z.string().min(1),
  display: z.string().optional(),
  extension: z.array(extension).optional(),
});
const contained = z.looseObject({ system: z.string(), code: z.string(), display: z.string().optional() });

/** FHIR ValueSet, as far as it is read here: a compose with listed concepts, or an expansion. */
export const valueSetSchema = z
  .looseObject({
    resourceType: z.literal("ValueSet"),
    title: z.string().optional(),
    description: z.string().optional(),
    compose: z
      .looseObject({
        include: z.array(z.strictObject({ system: z.string(), concept: z.array(concept).min(1) })),
        exclude: z.array(z.strictObject({ valueSet: z.array(z.string()).min(1) })).optional(),
      })
      .optional(),
    expansion: z.looseObject({ contains: z.array(contained) }).optional(),
  })
  .refine((set) => set.compose ?? set.expansion, "needs a compose or an expansion");

/** Reads one FHIR ValueSet. The name is the file's, since a policy's expressions use that. */
export function readValueSet(
  name: string,
  resource: z.infer<typeof valueSetSchema>,
  recognition: Recognition,
): ValueSet {
  const listed = (resource.compose?.include ?? []).flatMap(({ system, concept }) =>
    concept.map((entry) => ({
      system,
      code: entry.code,
      display: entry.display ?? entry.code,
      comment: entry.extension?.find(({ url }) => url === COMMENT)?.valueString,
    })),
  );
  const expanded = (resource.expansion?.contains ?? []).map((entry) => ({
    system: entry.system,
    code: entry.code,
    display: entry.display ?? entry.code,
    comment: undefined,
  }));
  return {
    name,
    title: resource.title ?? name,
    description: resource.description,
    concepts: resource.expansion ? expanded : listed,
    excludes: (resource.compose?.exclude ?? []).flatMap(({ valueSet }) => valueSet),
    ...recognition,
  };
}

/** All value sets of one policy, indexed by code. */
export type Terminology = {
  readonly sets: ReadonlyMap<string, ValueSet>;
  readonly namesByKey: ReadonlyMap<string, readonly string[]>;
  readonly displayByKey: ReadonlyMap<string, string>;
  readonly termsByText: readonly string[];
  /** Sets whose codes leave open which product it is: text may tell more. */
  readonly productNeutral: readonly string[];
  /** What concepts were found to be. Keeps none of them alive. */
  readonly looks: WeakMap<FhirObject, Look>;
};

export function indexValueSets(sets: readonly ValueSet[], productNeutral: readonly string[] = []): Terminology {
  const namesByKey = new Map<string, string[]>();
  const displayByKey = new Map<string, string>();
  for (const set of sets) {
    for (const concept of set.concepts) {
      for (const key of codingKeys(concept)) {
        const names = namesByKey.get(key) ?? [];
        if (!names.includes(set.name)) names.push(set.name);
        namesByKey.set(key, names);
        displayByKey.set(key, concept.display);
      }
    }
  }
  const rules = sets.flatMap((set) => set.text);
  return {
    sets: new Map(sets.map((set) => [set.name, set])),
    namesByKey,
    displayByKey,
    termsByText: [
      ...new Set([
        ...rules.flatMap((rule) => (rule.all.length > 0 ? rule.all : rule.any)),
        ...sets.flatMap(({ names }) => names?.names ?? []),
      ]),
    ],
    productNeutral,
    looks: new WeakMap(),
  };
}

/** Whether the text names anything that the value sets know by text: a reason to look at what it refers to. */
export function mightSpeakOf(terminology: Terminology, text: string): boolean {
  return mentions(text, terminology.termsByText);
}
