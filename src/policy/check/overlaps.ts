// Checks that no code is in two contradictory value sets, or neutral in one and not in the other. The ingredients of
// two products may overlap, since expressions compare them; so may a strength and a product.

import type { PolicyFile } from "../format/policy-file.ts";
import { listExcluded } from "../terminology/value-sets.ts";
import { literalKey, type ValueSetFile } from "./value-sets.ts";

/** Two value sets and why they may not share a code. */
type Disjoint = readonly [name: string, other: string, why: string];

export function checkOverlaps({ products }: PolicyFile, valueSets: readonly ValueSetFile[]): void {
  const byName = new Map(valueSets.map((each) => [each.set.name, each]));
  const checked = new Set<string>();
  for (const [name, other, why] of [...disjointSets(products), ...excludedSets(valueSets)]) {
    const [one, two] = [byName.get(name), byName.get(other)];
    const pair = [name, other].sort().join(" ");
    if (!one || !two || one === two || checked.has(pair)) continue;
    checked.add(pair);
    const keys = new Set(two.listed.flatMap(({ keys }) => keys));
    for (const { path, concept, keys: own } of one.listed) {
      if (!own.some((key) => keys.has(key))) continue;
      one.source.fault([...path, "code"], `${literalKey(concept)} is also in ${other}: ${why}`);
    }
  }
}

/**
 * The text identifies a record's product only if all value sets of its code are neutral. Some identify it by
 * themselves: those of the products, of other forms of the drug, and those recognized by code alone.
 */
export function checkNeutral({ products, recognized }: PolicyFile, valueSets: readonly ValueSetFile[]): void {
  const { nonPreferred, preferred, productNeutral, sameDrug } = products;
  const isNeutral = ({ set }: ValueSetFile) => productNeutral.includes(set.name);
  const identifying = [nonPreferred.valueSet, preferred.valueSet, ...sameDrug, ...recognized];
  const identifies = ({ set }: ValueSetFile) => identifying.includes(set.name) && !productNeutral.includes(set.name);
  const identified = new Set(valueSets.filter(identifies).flatMap(keysOf));
  for (const neutral of valueSets.filter(isNeutral)) {
    const open = new Set(keysOf(neutral).filter((key) => !identified.has(key)));
    for (const { set, source, listed } of valueSets.filter((each) => !isNeutral(each) && !identifies(each))) {
      const shared = listed.find(({ keys }) => keys.some((key) => open.has(key)));
      if (!shared) continue;
      const both = `is in neutral "${neutral.set.name}" and also in "${set.name}", which is not neutral`;
      const fix = `the text will not identify the product. List "${set.name}" under productNeutral too`;
      const reason = `${literalKey(shared.concept)} ${both}: ${fix}`;
      source.warn([...shared.path, "code"], reason);
    }
  }
}

const keysOf = ({ listed }: ValueSetFile) => listed.flatMap(({ keys }) => keys);

function* disjointSets({
  preferred,
  nonPreferred,
  sameDrug,
  replacements,
}: PolicyFile["products"]): Generator<Disjoint> {
  yield [preferred.valueSet, nonPreferred.valueSet, "a code belongs to only one of the products"];
  for (const name of sameDrug) {
    for (const { valueSet } of [preferred, nonPreferred]) {
      yield [name, valueSet, "a code under sameDrug must not identify one of the products"];
    }
  }
  for (const [index, { valueSet }] of replacements.entries()) {
    for (const other of replacements.slice(0, index)) {
      yield [valueSet, other.valueSet, "a code has at most one strength"];
    }
  }
}

/** A value set and those that it excludes. */
function* excludedSets(valueSets: readonly ValueSetFile[]): Generator<Disjoint> {
  for (const { set, resource } of valueSets) {
    for (const { name } of listExcluded(resource)) {
      yield [set.name, name, `${set.name} excludes it, so the code would never count`];
    }
  }
}
