// Reads a policy's value sets and indexes them by code. Knows FHIR ValueSet; knows no drug and no file. membership.ts
// decides which of them a record belongs to.
import { z } from "zod";
import { codingKeys } from "./codings.ts";
import type { NameRule, TextRule } from "./terms.ts";

/** One code of a value set. `comment` states its certainty and source. */
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

/** How a policy recognizes members of a value set other than by code. */
export type Recognition = Pick<ValueSet, "text" | "names">;

const COMMENT = "http://hl7.org/fhir/StructureDefinition/valueset-concept-comments";
const extension = z.looseObject({ url: z.string(), valueString: z.string().optional() });
const concept = z.looseObject({
  code: z.string().min(1),
  display: z.string().optional(),
  extension: z.array(extension).optional(),
});
const part = z.looseObject({
  system: z.string().optional(),
  concept: z.array(concept).optional(),
  filter: z.unknown().optional(),
  valueSet: z.array(z.string()).optional(),
});
const contained = z.looseObject({
  system: z.string().optional(),
  code: z.string().optional(),
  display: z.string().optional(),
  abstract: z.enum(["true", "false"]).optional(),
  get contains() {
    return z.array(contained).optional();
  },
});

/** The supported part of FHIR ValueSet: a compose with listed concepts, or an expansion. Every scalar is text. */
export const valueSetSchema = z
  .looseObject({
    resourceType: z.literal("ValueSet"),
    title: z.string().optional(),
    description: z.string().optional(),
    compose: z.looseObject({ include: z.array(part), exclude: z.array(part).optional() }).optional(),
    expansion: z.looseObject({ total: z.string().optional(), contains: z.array(contained).optional() }).optional(),
  })
  .refine((set) => set.compose ?? set.expansion, "needs a compose or an expansion");

export type ValueSetResource = z.infer<typeof valueSetSchema>;

/** A code and its path in the resource. */
export type Listed = { readonly path: readonly PropertyKey[]; readonly concept: Concept };

/**
 * The codes of a value set. An expansion takes precedence over the compose that it was made from. Inactive codes count,
 * since old records contain them; abstract ones only group others.
 */
export function listConcepts({ compose, expansion }: ValueSetResource): Listed[] {
  if (expansion) return listContained(expansion.contains ?? [], ["expansion", "contains"]);
  return (compose?.include ?? []).flatMap(({ system = "", concept = [] }, index) =>
    concept.map(({ code, display = code, extension }, each) => ({
      path: ["compose", "include", index, "concept", each],
      concept: { system, code, display, comment: extension?.find(({ url }) => url === COMMENT)?.valueString },
    })),
  );
}

function listContained(contains: readonly z.infer<typeof contained>[], path: readonly PropertyKey[]): Listed[] {
  return contains.flatMap(({ system, code, display, abstract, contains: inner = [] }, index) => {
    const here = [...path, index];
    const isListed = abstract !== "true" && system !== undefined && code !== undefined;
    return [
      ...(isListed ? [{ path: here, concept: { system, code, display: display ?? code, comment: undefined } }] : []),
      ...listContained(inner, [...here, "contains"]),
    ];
  });
}

/**
 * The value sets that a value set excludes, with their paths. If there is an expansion, those given by URL are left
 * out, since the terminology server has already excluded them.
 */
export function listExcluded({ compose, expansion }: ValueSetResource) {
  const named = (compose?.exclude ?? []).flatMap(({ valueSet = [] }, index) =>
    valueSet.map((name, each) => ({ path: ["compose", "exclude", index, "valueSet", each], name })),
  );
  return named.filter(({ name }) => !expansion || !name.includes(":"));
}

/** @param name the file's name without extension, which the policy's expressions use */
export function readValueSet(name: string, resource: ValueSetResource, recognition: Recognition): ValueSet {
  return {
    name,
    title: resource.title ?? name,
    description: resource.description,
    concepts: listConcepts(resource).map(({ concept }) => concept),
    excludes: listExcluded(resource).map(({ name }) => name),
    ...recognition,
  };
}

/** All value sets of one policy, indexed by code. */
export type Terminology = {
  readonly sets: ReadonlyMap<string, ValueSet>;
  readonly namesByKey: ReadonlyMap<string, readonly string[]>;
  readonly displayByKey: ReadonlyMap<string, string>;
  readonly termsByText: readonly string[];
  /** Sets whose codes do not identify the product, so that the text may. */
  readonly productNeutral: readonly string[];
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
  };
}
