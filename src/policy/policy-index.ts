// Finds the policies that may speak about a drug by its codes and the words of its names, so that a service with hundreds of policies
// asks a few of them, and a call that concerns none asks none.
import { codingKeys, mayBeNdc } from "./codings.ts";
import { codingsOf, type FhirObject, namesOf, textIn } from "./fhir-json.ts";
import { oncePer } from "./once.ts";
import type { Policy } from "./policy.ts";
import { isAscii, longestWord } from "./terms.ts";

export type PolicyIndex = {
  /** All policies that speak about the drug are among these, in their order. */
  mayConcern(drug: FhirObject): readonly Policy[];
  /** Whether a text may name anything that a policy knows. */
  mayMean(text: string): boolean;
};

/** Made once for a list of policies. */
export const indexPolicies = oncePer((policies: readonly Policy[]): PolicyIndex => {
  const byKey = new Map<string, Set<Policy>>();
  const byWord = new Map<string, Set<Policy>>();
  const put = (map: typeof byKey, key: string, policy: Policy) => map.set(key, (map.get(key) ?? new Set()).add(policy));
  for (const policy of policies) {
    const { codes, namesByKey, termsByText } = policy.terminology;
    for (const key of [...codes, ...namesByKey.keys()]) put(byKey, key, policy);
    for (const term of termsByText) put(byWord, longestWord(term), policy);
  }
  const longest = Math.max(0, ...[...byWord.keys()].map(({ length }) => length));
  /** Visits policies that may know the text. A word may go on after a term's (a plural), so that each of its beginnings counts. */
  const byText = (text: string, visit: (policies: Iterable<Policy>) => void): void => {
    if (!isAscii(text)) visit(policies); // letters that fold to others: each policy looks for itself
    for (const word of text.toLowerCase().match(/[a-z0-9]+/g) ?? []) {
      for (let end = Math.min(word.length, longest); end > 0; end -= 1) {
        const known = byWord.get(word.slice(0, end));
        if (known) visit(known);
      }
    }
  };
  const byCoding = (coding: FhirObject, visit: (policies: Iterable<Policy>) => void): void => {
    const code = textIn(coding.code) ?? "";
    for (const key of mayBeNdc(code) ? [code, ...codingKeys(coding)] : [code]) visit(byKey.get(key) ?? []);
  };
  const mayConcern = oncePer((drug: FhirObject): readonly Policy[] => {
    const found = new Set<Policy>();
    const add = (some: Iterable<Policy>) => {
      for (const each of some) found.add(each);
    };
    for (const coding of codingsOf(drug)) byCoding(coding, add);
    for (const name of namesOf(drug)) byText(name, add);
    return found.size === 0 ? [] : policies.filter((policy) => found.has(policy));
  });
  return {
    mayConcern,
    mayMean(text) {
      let isKnown = false;
      byText(text, () => {
        isKnown = true;
      });
      return isKnown;
    },
  };
});
