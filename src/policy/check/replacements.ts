// Checks what a policy has ordered instead: that each replacement is what it says, and that a choice is one.

import type { Replacement } from "../format/policy.ts";
import type { PolicyFile } from "../format/policy-file.ts";
import type { Path, SourceFile } from "../load/source-file.ts";
import { codingKeys } from "../terminology/codings.ts";
import { literalKey, type ValueSetFile } from "./value-sets.ts";

/**
 * Each strength has codes, its own replacements among them, and those are of the preferred product. Several replacements of one strength
 * are a choice: they name the same value set, and tell the products apart.
 */
export function checkReplacements(
  { preferred, replacements }: PolicyFile["products"],
  source: SourceFile,
  valueSets: readonly ValueSetFile[],
): void {
  for (const [index, replacement] of replacements.entries()) {
    const path: Path = ["products", "replacements", index];
    for (const other of replacements.slice(0, index)) {
      const [key, reason] = clashOf(replacement, other) ?? [];
      if (key && reason) source.fault([...path, key], reason);
    }
    const keys = codingKeys(replacement);
    const called = displayOf(keys, valueSets);
    if (called !== undefined && spell(called) !== spell(replacement.display)) {
      source.warn([...path, "display"], `${literalKey(replacement)} is called "${called}" in the value sets`);
    }
    for (const name of [preferred.valueSet, replacement.valueSet]) {
      const listed = valueSets.find(({ set }) => set.name === name)?.listed;
      if (listed?.length === 0) source.fault([...path, "valueSet"], `the value set "${name}" holds no code`);
      else if (listed && !listed.some((each) => each.keys.some((key) => keys.includes(key)))) {
        source.fault([...path, "code"], `${literalKey(replacement)} is not in ${name}`);
      }
    }
  }
}

/** What the value sets call the code; a code without a display is called by itself. */
function displayOf(keys: readonly string[], valueSets: readonly ValueSetFile[]): string | undefined {
  const listed = valueSets.flatMap((each) => each.listed).filter((each) => each.keys.some((key) => keys.includes(key)));
  return listed.find(({ concept: { code, display } }) => display !== code)?.concept.display;
}

const spell = (display: string) => display.toLowerCase().replace(/\s+/g, " ").trim();

/** What of a replacement cannot stand beside an earlier one, and why. */
function clashOf(replacement: Replacement, other: Replacement): [key: keyof Replacement, reason: string] | undefined {
  const { strength, valueSet, display } = replacement;
  if (strength !== other.strength) {
    const reason = `"${valueSet}" tells "${other.strength}" above: one value set tells one strength`;
    return valueSet === other.valueSet ? ["strength", reason] : undefined;
  }
  if (valueSet !== other.valueSet) {
    return ["valueSet", `"${strength}" is told by "${other.valueSet}" above: one strength has one value set`];
  }
  if (literalKey(replacement) === literalKey(other)) return ["code", `"${strength}" has this replacement already`];
  const reason = `"${display}" is what another replacement of "${strength}" is called: a prescriber could not tell them apart`;
  return display === other.display ? ["display", reason] : undefined;
}
