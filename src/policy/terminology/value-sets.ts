// A policy's value sets: what they hold, and how they are looked up by code. Knows FHIR ValueSet; knows no drug and no file.
// Which of them a record belongs to is membership.ts.
import { z } from "zod";
import { codingKeys } from "./codings.ts";
import type { NameRule, TextRule } from "./terms.ts";

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

/** FHIR ValueSet, as far as it is read here: a compose with listed concepts, or an expansion. Every scalar is text. */
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

/** A code and where it stands in the resource. */
export type Listed = { readonly path: readonly PropertyKey[]; readonly concept: Concept };

/**
 * The codes of a value set. An expansion counts before the compose that it was made of. What is inactive counts, since old records
 * hold it; what is abstract only groups others.
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
 * The value sets that a value set gives way to, and where they are named. Beside an expansion, those named by URL are left out:
 * who expanded it has excluded them.
 */
export function listExcluded({ compose, expansion }: ValueSetResource) {
  const named = (compose?.exclude ?? []).flatMap(({ valueSet = [] }, index) =>
    valueSet.map((name, each) => ({ path: ["compose", "exclude", index, "valueSet", each], name })),
  );
  return named.filter(({ name }) => !expansion || !name.includes(":"));
}

/** Reads one FHIR ValueSet. The name is the file's, since a policy's expressions use that. */
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
  /** Sets whose codes leave open which product it is: text may tell more. */
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
