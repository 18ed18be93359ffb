// Checks a policy's replacements: that each is in the right value sets, and that a choice offers distinct products.

import type { Replacement } from "../format/policy.ts";
import type { PolicyFile } from "../format/policy-file.ts";
import type { Path, SourceFile } from "../load/source-file.ts";
import { codingKeys } from "../terminology/codings.ts";
import { literalKey, type ValueSetFile } from "./value-sets.ts";

/**
 * The code of each replacement must be in the value sets of its strength and of the preferred product. Several
 * replacements of one strength are a choice: they share a value set and have different displays.
 */
export function checkReplacements(
  { preferred, replacements }: PolicyFile["products"],
  source: SourceFile,
  valueSets: readonly ValueSetFile[],
): void {
  for (const [index, replacement] of replacements.entries()) {
    const path: Path = ["products", "replacements", index];
    for (const other of replacements.slice(0, index)) {
      const [key, reason] = conflictOf(replacement, other) ?? [];
      if (key && reason) source.fault([...path, key], reason);
    }
    const keys = codingKeys(replacement);
    const display = displayOf(keys, valueSets);
    if (display !== undefined && normalize(display) !== normalize(replacement.display)) {
      source.warn([...path, "display"], `${literalKey(replacement)} has the display "${display}" in the value sets`);
    }
    for (const name of [preferred.valueSet, replacement.valueSet]) {
      const listed = valueSets.find(({ set }) => set.name === name)?.listed;
      if (listed?.length === 0) source.fault([...path, "valueSet"], `the value set "${name}" has no codes`);
      else if (listed && !listed.some((each) => each.keys.some((key) => keys.includes(key)))) {
        source.fault([...path, "code"], `${literalKey(replacement)} is not in ${name}`);
      }
    }
  }
}

/** The code's display in the value sets. A code without one has the code itself as display. */
function displayOf(keys: readonly string[], valueSets: readonly ValueSetFile[]): string | undefined {
  const listed = valueSets.flatMap((each) => each.listed).filter((each) => each.keys.some((key) => keys.includes(key)));
  return listed.find(({ concept: { code, display } }) => display !== code)?.concept.display;
}

const normalize = (display: string) => display.toLowerCase().replace(/\s+/g, " ").trim();

/** The key of a replacement that conflicts with an earlier one, and why. */
function conflictOf(
  replacement: Replacement,
  other: Replacement,
): [key: keyof Replacement, reason: string] | undefined {
  const { strength, valueSet, display } = replacement;
  if (strength !== other.strength) {
    const reason = `"${valueSet}" is for "${other.strength}" above: each strength needs its own value set`;
    return valueSet === other.valueSet ? ["strength", reason] : undefined;
  }
  if (valueSet !== other.valueSet) {
    return ["valueSet", `"${strength}" has "${other.valueSet}" above: each strength has only one value set`];
  }
  if (literalKey(replacement) === literalKey(other)) return ["code", `"${strength}" already has this replacement`];
  const reason = `"${display}" is also another replacement of "${strength}": a prescriber could not tell them apart`;
  return display === other.display ? ["display", reason] : undefined;
}
