// Checks that no code of a policy is in two value sets that contradict each other, and that none is neutral in one and not in the other.
// The ingredients of two products are compared with each other, so those may overlap, as may a strength and a product.

import type { PolicyFile } from "../format/policy-file.ts";
import { listExcluded } from "../terminology/value-sets.ts";
import { literalKey, type ValueSetFile } from "./value-sets.ts";

/** Two value sets, and why none of the codes of the first may be in the other. */
type Apart = readonly [name: string, other: string, why: string];

export function checkOverlaps({ products }: PolicyFile, valueSets: readonly ValueSetFile[]): void {
  const byName = new Map(valueSets.map((each) => [each.set.name, each]));
  const checked = new Set<string>();
  for (const [name, other, why] of [...findApart(products), ...findExcluded(valueSets)]) {
    const [one, two] = [byName.get(name), byName.get(other)];
    const pair = [name, other].sort().join(" ");
    if (!one || !two || one === two || checked.has(pair)) continue;
    checked.add(pair);
    const keys = new Set(two.listed.flatMap(({ keys }) => keys));
    for (const { path, concept, keys: own } of one.listed) {
      if (!own.some((key) => keys.has(key))) continue;
      one.source.fault([...path, "code"], `${literalKey(concept)} is in ${other} too: ${why}`);
    }
  }
}

/**
 * A code leaves it to the text which product a record is of only if all of its value sets do. Some tell it by themselves: those of the
 * products, of other forms of the drug, and what is recognized by codes alone.
 */
export function checkNeutral({ products, recognized }: PolicyFile, valueSets: readonly ValueSetFile[]): void {
  const { nonPreferred, preferred, productNeutral, sameDrug } = products;
  const isNeutral = ({ set }: ValueSetFile) => productNeutral.includes(set.name);
  const tell = [nonPreferred.valueSet, preferred.valueSet, ...sameDrug, ...recognized];
  const tells = ({ set }: ValueSetFile) => tell.includes(set.name) && !productNeutral.includes(set.name);
  const told = new Set(valueSets.filter(tells).flatMap(keysOf));
  for (const neutral of valueSets.filter(isNeutral)) {
    const open = new Set(keysOf(neutral).filter((key) => !told.has(key)));
    for (const { set, source, listed } of valueSets.filter((each) => !isNeutral(each) && !tells(each))) {
      const shared = listed.find(({ keys }) => keys.some((key) => open.has(key)));
      if (!shared) continue;
      const both = `is in neutral "${neutral.set.name}" and also in "${set.name}", which is not neutral`;
      const reason = `${literalKey(shared.concept)} ${both}: text will not tell the product. List "${set.name}" under productNeutral too`;
      source.warn([...shared.path, "code"], reason);
    }
  }
}

const keysOf = ({ listed }: ValueSetFile) => listed.flatMap(({ keys }) => keys);

function* findApart({ preferred, nonPreferred, sameDrug, replacements }: PolicyFile["products"]): Generator<Apart> {
  yield [preferred.valueSet, nonPreferred.valueSet, "a code is of one of the products, not of both"];
  for (const name of sameDrug) {
    for (const { valueSet } of [preferred, nonPreferred]) {
      yield [name, valueSet, "what is of the same drug must not be for certain one of the products"];
    }
  }
  for (const [index, { valueSet }] of replacements.entries()) {
    for (const other of replacements.slice(0, index)) {
      yield [valueSet, other.valueSet, "a code tells one strength, or none"];
    }
  }
}

/** A value set gives way to those that it excludes. */
function* findExcluded(valueSets: readonly ValueSetFile[]): Generator<Apart> {
  for (const { set, resource } of valueSets) {
    for (const { name } of listExcluded(resource)) {
      yield [set.name, name, `${set.name} excludes that, so the code would never count`];
    }
  }
}
