// Checks that no code of a policy is in two value sets that contradict each other. The ingredients of two products are compared with
// each other, so those may overlap, as may a strength and a product.
import { literalKey, type ValueSetFile } from "./check-value-sets.ts";
import type { PolicyFile } from "./format.ts";
import { listExcluded } from "./value-sets.ts";

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
