// Creates mutants of a policy: removes or inverts one element at a time. If no case catches a mutant, that element is
// untested. Knows the policy format; knows no cases.
import { recognitionOf, type ValueSetFile } from "../../policy/check/value-sets.ts";
import type { PolicyFile } from "../../policy/format/policy-file.ts";
import type { WrittenPolicy } from "../../policy/load/load.ts";
import { listExcluded } from "../../policy/terminology/value-sets.ts";
import { type Path, replacedAt, valueAt, withoutAt } from "./paths.ts";
import { dropPieces } from "./pieces.ts";

export type Mutant = {
  /** Stable as long as the element is unchanged: `criteria.1B.decides: turned`. */
  readonly id: string;
  /** `file:line` of the element. */
  readonly writtenAt: () => string;
  readonly make: () => WrittenPolicy;
};

const LISTS: readonly Path[] = [
  ...["names", "benefits", "otherBenefits", "selfPay", "nobody"].map((list) => ["payer", list]),
  ...["brandNames", "brandOnly"].map((list) => ["products", "nonPreferred", list]),
  ...["productNeutral", "sameDrug", "replacements"].map((list) => ["products", list]),
];

/** All mutants, in the order of the policy. Ids are unique. */
export function mutantsOf(original: WrittenPolicy): Mutant[] {
  const { definitions, criteria, cautions, unanswered, text, substances } = original.file;
  const mutants = [
    ...LISTS.flatMap((path) => withoutEach(original, path)),
    ...Object.keys(definitions).flatMap((name) => withoutPieces(original, ["definitions", name])),
    ...["appliesTo", "authorized", "alreadyOrdered"].flatMap((name) => withoutPieces(original, [name])),
    ...criteria.flatMap((criterion, at) => ofCriterion(original, criterion, ["criteria", at])),
    ...cautions.flatMap((caution, at) => ofCaution(original, caution, ["cautions", at])),
    ...unanswered.flatMap((_, at) => ofExpression(original, ["unanswered", at])),
    ...Object.entries(text).flatMap(([set, rules]) =>
      rules.flatMap((rule, at) => ofTextRule(original, rule, ["text", set, at])),
    ),
    ...withoutEach(original, ["substances", "neutral"]),
    ...Object.keys(substances.sets).flatMap((set) =>
      ["names", "except"].flatMap((list) => withoutEach(original, ["substances", "sets", set, list])),
    ),
    ...original.valueSets.flatMap((valueSet) => ofValueSet(original, valueSet)),
  ];
  const byId = Map.groupBy(mutants, ({ id }) => id);
  return [...byId].flatMap(([id, same]) =>
    same.map((mutant, at) => (at === 0 ? mutant : { ...mutant, id: `${id} (${at + 1})` })),
  );
}

type Criterion = PolicyFile["criteria"][number];

function ofCriterion(original: WrittenPolicy, criterion: Criterion, path: Path): Mutant[] {
  const { documented, supporting, established } = criterion;
  const regraded = (place: Path, to: "documented" | "supporting", rules: Partial<Criterion>) =>
    mutantAt(original, place, `as ${to}`, replacedAt(original.file, path, { ...criterion, ...rules }));
  return [
    turned(original, [...path, "decides"]),
    ...documented.flatMap((rule, at) => {
      const place = [...path, "documented", at];
      const rules = { documented: documented.toSpliced(at, 1), supporting: [rule, ...supporting] };
      return [regraded(place, "supporting", rules), ...ofRule(original, place)];
    }),
    ...(established === undefined ? [] : ofExpression(original, [...path, "established"])),
    ...supporting.flatMap((rule, at) => {
      const place = [...path, "supporting", at];
      const rules = { documented: [...documented, rule], supporting: supporting.toSpliced(at, 1) };
      return [regraded(place, "documented", rules), ...ofRule(original, place)];
    }),
  ];
}

function ofRule(original: WrittenPolicy, place: Path): Mutant[] {
  return [dropped(original, place), ...withoutPieces(original, [...place, "select"])];
}

function ofCaution(original: WrittenPolicy, { select }: PolicyFile["cautions"][number], path: Path): Mutant[] {
  return [
    turned(original, [...path, "overridesException"]),
    turned(original, [...path, "shownWithException"]),
    ...select.flatMap((_, at) => ofExpression(original, [...path, "select", at])),
  ];
}

function ofTextRule(original: WrittenPolicy, { all, any }: PolicyFile["text"][string][number], path: Path): Mutant[] {
  // A rule without terms would match any text and is invalid.
  const lists = all.length + any.length > 1 ? ["all", "any", "none"] : ["none"];
  return [dropped(original, path), ...lists.flatMap((list) => withoutEach(original, [...path, list]))];
}

function ofValueSet(original: WrittenPolicy, { set, source, resource, listed }: ValueSetFile): Mutant[] {
  const mutant = (what: string, written: readonly PropertyKey[], path: Path): Mutant => ({
    id: `value-sets.${set.name}: ${what}`,
    writtenAt: () => source.lineOf(written),
    make: () => ({
      ...original,
      sets: original.sets.map((each) => (each === set ? withoutAt(set, path) : each)),
    }),
  });
  return [
    ...listExcluded(resource).map(({ path, name }, at) => mutant(`not excluding ${name}`, path, ["excludes", at])),
    ...listed.map(({ path, concept: { system, code } }, at) =>
      mutant(`without ${system}|${code}`, [...path, "code"], ["concepts", at]),
    ),
  ];
}

function ofExpression(original: WrittenPolicy, path: Path): Mutant[] {
  return [dropped(original, path), ...withoutPieces(original, path)];
}

function withoutPieces(original: WrittenPolicy, path: Path): Mutant[] {
  return dropPieces(valueAt(original.file, path) as string).map(({ piece, start, rest }) =>
    mutantAt(original, path, `without ${piece}`, replacedAt(original.file, path, rest), start),
  );
}

/** Mutant ids identify terms by name and other entries by position. */
function withoutEach(original: WrittenPolicy, list: Path): Mutant[] {
  const { file, source } = original;
  const written = entriesIn(valueAt(source.value, list), list);
  return (valueAt(file, list) as unknown[]).map((entry, at) => {
    const without = dropped(original, [...list, at]);
    if (typeof entry !== "string") return without;
    const writtenAt = () => source.lineOf(written[at] ?? list);
    return { ...without, id: `${nameOf(file, list)}: without ${entry}`, writtenAt };
  });
}

/** The paths of a list's entries as written; terms may be in nested lists. */
function entriesIn(value: unknown, path: Path): Path[] {
  return Array.isArray(value) ? value.flatMap((each, at) => entriesIn(each, [...path, at])) : [path];
}

function dropped(original: WrittenPolicy, path: Path): Mutant {
  return mutantAt(original, path, "dropped", withoutAt(original.file, path));
}

function turned(original: WrittenPolicy, path: Path): Mutant {
  const { file } = original;
  return mutantAt(original, path, "turned", replacedAt(file, path, !valueAt(file, path)));
}

/** @param at the element's offset in the value, in characters */
function mutantAt(original: WrittenPolicy, path: Path, what: string, file: PolicyFile, at = 0): Mutant {
  return {
    id: `${nameOf(original.file, path)}: ${what}`,
    writtenAt: () => original.source.lineOf(path, at),
    make: () => ({
      ...original,
      file,
      sets: original.sets.map((set) => ({ ...set, ...recognitionOf(file, set.name) })),
    }),
  };
}

type Named = { readonly id?: string; readonly strength?: string; readonly code?: string };

/**
 * The path with ids of criteria and cautions instead of positions. A replacement has its strength, and its code if the
 * strength has a choice.
 */
function nameOf(file: PolicyFile, path: Path): string {
  const isChoice = (strength: string) =>
    file.products.replacements.filter((each) => each.strength === strength).length > 1;
  const names = path.map((step, at) => {
    const { id, strength, code } = Object(valueAt(file, path.slice(0, at + 1))) as Named;
    if (typeof step !== "number") return step;
    return id ?? (strength && isChoice(strength) ? `${strength} ${code}` : strength) ?? step;
  });
  return names.join(".");
}
