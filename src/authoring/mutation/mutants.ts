// Mutants of a policy: copies in which one piece is gone or turned round. Where no case notices that, nobody looks at the piece.
// Knows the format of a policy; knows no cases.
import { recognitionOf } from "../../policy/check/value-sets.ts";
import type { PolicyFile } from "../../policy/format/policy-file.ts";
import type { WrittenPolicy } from "../../policy/load/load.ts";
import type { ValueSet } from "../../policy/terminology/value-sets.ts";
import { type Path, replacedAt, valueAt, withoutAt } from "./paths.ts";
import { dropPieces } from "./pieces.ts";

/** Where a piece of a policy is written: policy.yaml or a value set, the way into that, and the piece as text. */
export type Place = { readonly valueSet?: string; readonly path: Path; readonly piece?: string };

export type Mutant = {
  /** Stays the same as long as the piece does: `criteria.1B.decides: turned`. */
  readonly id: string;
  readonly place: Place;
  readonly make: (original: WrittenPolicy) => WrittenPolicy;
};

const LISTS: readonly Path[] = [
  ...["names", "benefits", "otherBenefits", "selfPay", "nobody"].map((list) => ["payer", list]),
  ...["brandNames", "brandOnly"].map((list) => ["products", "nonPreferred", list]),
  ...["productNeutral", "sameDrug", "replacements"].map((list) => ["products", list]),
];

/** All mutants, in the order in which the pieces are written. No two have the same id. */
export function mutantsOf({ file, sets }: WrittenPolicy): Mutant[] {
  const mutants = [
    ...LISTS.flatMap((path) => withoutEach(file, path)),
    ...Object.keys(file.definitions).flatMap((name) => withoutPieces(file, ["definitions", name])),
    ...["appliesTo", "authorized", "alreadyOrdered"].flatMap((name) => withoutPieces(file, [name])),
    ...file.criteria.flatMap((criterion, at) => ofCriterion(file, criterion, ["criteria", at])),
    ...file.cautions.flatMap((caution, at) => ofCaution(file, caution, ["cautions", at])),
    ...file.unanswered.flatMap((_, at) => ofExpression(file, ["unanswered", at])),
    ...Object.entries(file.text).flatMap(([set, rules]) =>
      rules.flatMap((rule, at) => ofTextRule(file, rule, ["text", set, at])),
    ),
    ...withoutEach(file, ["substances", "neutral"]),
    ...Object.keys(file.substances.sets).flatMap((set) =>
      ["names", "except"].flatMap((list) => withoutEach(file, ["substances", "sets", set, list])),
    ),
    ...sets.flatMap(ofValueSet),
  ];
  const byId = Map.groupBy(mutants, ({ id }) => id);
  return [...byId].flatMap(([id, same]) =>
    same.map((mutant, at) => (at === 0 ? mutant : { ...mutant, id: `${id} (${at + 1})` })),
  );
}

type Criterion = PolicyFile["criteria"][number];

function ofCriterion(file: PolicyFile, criterion: Criterion, path: Path): Mutant[] {
  const { documented, supporting, established } = criterion;
  const regraded = (place: Path, to: "documented" | "supporting", rules: Partial<Criterion>) =>
    mutantAt(file, place, `as ${to}`, (changed) => replacedAt(changed, path, { ...criterion, ...rules }));
  return [
    turned(file, [...path, "decides"]),
    ...documented.flatMap((rule, at) => {
      const place = [...path, "documented", at];
      const rules = { documented: documented.toSpliced(at, 1), supporting: [rule, ...supporting] };
      return [regraded(place, "supporting", rules), ...ofRule(file, place)];
    }),
    ...(established === undefined ? [] : ofExpression(file, [...path, "established"])),
    ...supporting.flatMap((rule, at) => {
      const place = [...path, "supporting", at];
      const rules = { documented: [...documented, rule], supporting: supporting.toSpliced(at, 1) };
      return [regraded(place, "documented", rules), ...ofRule(file, place)];
    }),
  ];
}

function ofRule(file: PolicyFile, place: Path): Mutant[] {
  return [dropped(file, place), ...withoutPieces(file, [...place, "select"])];
}

function ofCaution(file: PolicyFile, { select }: PolicyFile["cautions"][number], path: Path): Mutant[] {
  return [
    turned(file, [...path, "overridesException"]),
    turned(file, [...path, "shownWithException"]),
    ...select.flatMap((_, at) => ofExpression(file, [...path, "select", at])),
  ];
}

function ofTextRule(file: PolicyFile, { all, any }: PolicyFile["text"][string][number], path: Path): Mutant[] {
  // Without its only term a rule would fit any text, and be none.
  const lists = all.length + any.length > 1 ? ["all", "any", "none"] : ["none"];
  return [dropped(file, path), ...lists.flatMap((list) => withoutEach(file, [...path, list]))];
}

function ofValueSet({ name, concepts, excludes }: ValueSet): Mutant[] {
  const mutant = (what: string, piece: string, path: Path): Mutant => ({
    id: `value-sets.${name}: ${what}`,
    place: { valueSet: name, path: [], piece },
    make: (original) => ({
      ...original,
      sets: original.sets.map((set) => (set.name === name ? withoutAt(set, path) : set)),
    }),
  });
  return [
    ...excludes.map((excluded, at) => mutant(`not excluding ${excluded}`, excluded, ["excludes", at])),
    ...concepts.map(({ system, code }, at) => mutant(`without ${system}|${code}`, code, ["concepts", at])),
  ];
}

function ofExpression(file: PolicyFile, path: Path): Mutant[] {
  return [dropped(file, path), ...withoutPieces(file, path)];
}

function withoutPieces(file: PolicyFile, path: Path): Mutant[] {
  return dropPieces(valueAt(file, path) as string).map(({ piece, rest }) =>
    mutantAt(file, path, `without ${piece}`, (changed) => replacedAt(changed, path, rest), piece),
  );
}

/** Terms are named in the mutant's id; other entries by their place. */
function withoutEach(file: PolicyFile, path: Path): Mutant[] {
  return (valueAt(file, path) as unknown[]).map((entry, at) =>
    typeof entry === "string"
      ? mutantAt(file, path, `without ${entry}`, (changed) => withoutAt(changed, [...path, at]), entry)
      : dropped(file, [...path, at]),
  );
}

function dropped(file: PolicyFile, path: Path): Mutant {
  return mutantAt(file, path, "dropped", (changed) => withoutAt(changed, path));
}

function turned(file: PolicyFile, path: Path): Mutant {
  return mutantAt(file, path, "turned", (changed) => replacedAt(changed, path, !valueAt(changed, path)));
}

function mutantAt(
  file: PolicyFile,
  path: Path,
  what: string,
  change: (file: PolicyFile) => PolicyFile,
  piece?: string,
): Mutant {
  return {
    id: `${nameOf(file, path)}: ${what}`,
    place: piece === undefined ? { path } : { path, piece },
    make(original) {
      const changed = change(original.file);
      const sets = original.sets.map((set) => ({ ...set, ...recognitionOf(changed, set.name) }));
      return { ...original, file: changed, sets };
    },
  };
}

type Named = { readonly id?: string; readonly strength?: string; readonly code?: string };

/** The path with the ids of criteria and cautions, and the strengths of replacements (and the code, of a choice), in place of their numbers. */
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
