// Finds whole terms in free text, case and punctuation ignored: "povidone" is neither "crospovidone" nor half of a word. A
// term is also found in the plural, with an s after it.

/** When a text belongs to a value set: all of `all`, at least one of `any` (if given), none of `none`. */
export type TextRule = { readonly all: string[]; readonly any: string[]; readonly none: string[] };

/**
 * How a substance is recognised. A text *is* the substance when nothing is left of it without `names` and neutral words; it
 * *mentions* the substance when one of `names` occurs, unless all of the text is another thing that bears the name (`except`).
 */
export type NameRule = { readonly names: string[]; readonly except: string[]; readonly neutral: string[] };

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

/** Whether any of the terms occurs as a whole in the text. */
export function mentions(text: string, terms: readonly string[]): boolean {
  return words(text).search(patternOf(terms)) >= 0;
}

/** Whether at least one of the terms occurs, and nothing is left of the text without them and the neutral words. */
export function consistsOf(text: string, terms: readonly string[], neutral: readonly string[] = []): boolean {
  const whole = words(text);
  const rest = whole.replace(patternOf(terms), "");
  return rest !== whole && rest.replace(patternOf(neutral), "").trim() === "";
}

/** Whether one of the names fits the rule. A forbidden term forbids only the name that it stands in. */
export function fitsRule(names: readonly string[], { all, any, none }: TextRule): boolean {
  return names.some(
    (name) =>
      all.every((term) => mentions(name, [term])) && (any.length === 0 || mentions(name, any)) && !mentions(name, none),
  );
}

export function isSubstance(name: string, { names, neutral }: NameRule): boolean {
  return consistsOf(name, names, neutral);
}

export function mentionsSubstance(name: string, { names, except, neutral }: NameRule): boolean {
  return mentions(name, names) && !consistsOf(name, except, neutral);
}

const patterns = new Map<string, RegExp>(); // of the terms of policies only, so it does not grow

/** Finds the terms with the space before them, the longest first. The space after them is left for the next. */
function patternOf(terms: readonly string[]): RegExp {
  const key = terms.join("|");
  const known = patterns.get(key);
  if (known) return known;
  const escaped = terms.map((term) => words(term).trim().replace(/[.]/g, "\\."));
  const longestFirst = escaped.sort((a, b) => b.length - a.length);
  const pattern = terms.length > 0 ? new RegExp(` (?:${longestFirst.join("|")})s?(?= )`, "g") : /(?!)/g;
  patterns.set(key, pattern);
  return pattern;
}
