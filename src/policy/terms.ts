// Finds whole terms in free text, case and punctuation ignored: "povidone" is neither "crospovidone" nor half of a word.

/** When a text belongs to a value set: all of `all`, at least one of `any` (if given), none of `none`. */
export type TextRule = { readonly all: string[]; readonly any: string[]; readonly none: string[] };

/**
 * Lower case words with single spaces, and a space at each end so that a term can be looked up as a whole. A point or
 * comma inside a number stays: "1,400 mg" holds no "400 mg".
 */
export function words(text: string): string {
  const folded = text.normalize("NFKC").toLowerCase();
  return ` ${folded
    .replace(/(?<!\d)[.,]|[.,](?!\d)|[^\p{L}\p{N}.,]+/gu, " ")
    .replace(/ +/g, " ")
    .trim()} `;
}

/** Whether the term occurs as a whole in a text that `words` has prepared. */
export function hasTerm(preparedText: string, term: string): boolean {
  return preparedText.includes(words(term));
}

/** Whether any of the terms occurs as a whole in the text. */
export function mentions(text: string, terms: readonly string[]): boolean {
  const prepared = words(text);
  return terms.some((term) => hasTerm(prepared, term));
}

/** Whether one of the names fits the rule. A forbidden term forbids only the name that it stands in. */
export function fitsRule(names: readonly string[], rule: TextRule): boolean {
  return names.some((name) => {
    const prepared = words(name);
    return (
      rule.all.every((term) => hasTerm(prepared, term)) &&
      (rule.any.length === 0 || rule.any.some((term) => hasTerm(prepared, term))) &&
      !rule.none.some((term) => hasTerm(prepared, term))
    );
  });
}
