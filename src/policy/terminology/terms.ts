// Finds whole terms in free text, case and punctuation ignored: "povidone" is neither "crospovidone" nor half of a word. A
// term is also found in the plural, with an s after it. A text that is looked at more than once is folded once.

/** When a text belongs to a value set: all of `all`, at least one of `any` (if given), none of `none`. */
export type TextRule = { readonly all: string[]; readonly any: string[]; readonly none: string[] };

/**
 * How a substance is recognised. A text *is* the substance when nothing is left of it without `names` and neutral words; it
 * *mentions* the substance when one of `names` occurs, unless all of the text is another thing that bears the name (`except`).
 */
export type NameRule = { readonly names: string[]; readonly except: string[]; readonly neutral: string[] };

/** A text as it is compared. */
export type Folded = { readonly words: string };

export function fold(text: string): Folded {
  return { words: words(text) };
}

/**
 * Lower case words with single spaces, and a space at each end so that a term can be looked up as a whole. A point or
 * comma inside a number stays: "1,400 mg" holds no "400 mg".
 */
export function words(text: string): string {
  if (WORDS_ALREADY.test(text)) return ` ${text.toLowerCase()} `;
  const folded = text.normalize("NFKC").toLowerCase();
  return ` ${folded
    .replace(/(?<!\d)[.,]|[.,](?!\d)|[^\p{L}\p{N}.,]+/gu, " ")
    .replace(/ +/g, " ")
    .trim()} `;
}

/** As most names are: folded in a fifth of the time. */
const WORDS_ALREADY = /^[a-z0-9]+(?: [a-z0-9]+)*$/i;

/** Characters of a record's texts together, each by its weight. */
export const MAX_WEIGHT = 100_000;
const MAX_LENGTH = 10_000; // characters of one text
/** Normalization puts a run of combining marks in order, which takes the square of its length. */
const RUN_OF_MARKS = /[\p{M}\uFF9E\uFF9F]{31}/u;
/** One character that normalization makes 18 of. It weighs as much as a page, since few texts have any. */
const LIGATURE = /\uFDFA/g;
const PAGE = 3_000; // characters

/** The characters that a text counts as. More than MAX_WEIGHT: it is larger, or costs more to fold, than any that a record really holds. */
export function weightOf(text: string): number {
  if (text.length > MAX_LENGTH) return MAX_WEIGHT + text.length;
  if (isAscii(text)) return text.length;
  if (RUN_OF_MARKS.test(text)) return MAX_WEIGHT + text.length;
  return text.length + PAGE * (text.match(LIGATURE)?.length ?? 0);
}

export function isAscii(text: string): boolean {
  return IS_ASCII.test(text);
}

const IS_ASCII = /^\p{ASCII}*$/u;

/** Whether any of the terms occurs as a whole in the text. */
export function mentions(text: string | Folded, terms: readonly string[]): boolean {
  return wordsOf(text).search(patternsOf(terms).whole) >= 0;
}

/** The longest word of a term, folded: a text without it does not hold the term. It may stand after a point or comma in a number. */
export function longestWord(term: string): string {
  return longestFirst(words(term).trim().split(/[ .,]/))[0] ?? "";
}

/** Whether at least one of the terms occurs, and nothing is left of the text without them and the neutral words. */
export function consistsOf(text: string | Folded, terms: readonly string[], neutral: readonly string[] = []): boolean {
  const whole = wordsOf(text);
  const rest = whole.replace(patternsOf(terms).whole, "");
  return rest !== whole && rest.replace(patternsOf(neutral).whole, "").trim() === "";
}

/** Whether one of the names fits the rule. A forbidden term forbids only the name that it stands in. */
export function fitsRule(names: readonly (string | Folded)[], { all, any, none }: TextRule): boolean {
  return names.some(
    (name) =>
      patternsOf(all).each.every((term) => term.test(wordsOf(name))) &&
      (any.length === 0 || mentions(name, any)) &&
      !mentions(name, none),
  );
}

export function isSubstance(name: string | Folded, { names, neutral }: NameRule): boolean {
  return consistsOf(name, names, neutral);
}

export function mentionsSubstance(name: string | Folded, { names, except, neutral }: NameRule): boolean {
  return mentions(name, names) && !consistsOf(name, except, neutral);
}

function wordsOf(text: string | Folded): string {
  return typeof text === "string" ? words(text) : text.words;
}

type Patterns = {
  /** Finds the terms with the space before them, the longest first. The space after them is left for the next. */
  readonly whole: RegExp;
  /** Of each term, in its order. */
  readonly each: readonly RegExp[];
};

/** Made once for each list of a policy, and gone with it. */
const patterns = new WeakMap<readonly string[], Patterns>();

function patternsOf(terms: readonly string[]): Patterns {
  const known = patterns.get(terms) ?? preparePatterns(terms);
  patterns.set(terms, known);
  return known;
}

const NOWHERE = /(?!)/;

function preparePatterns(terms: readonly string[]): Patterns {
  const folded = terms.map((term) => words(term).trim());
  return {
    whole: terms.length > 0 ? new RegExp(` (?:${alternatives(folded)})s?(?= )`, "g") : NOWHERE,
    each: folded.map((term) => new RegExp(` ${escapePoint(term)}s?(?= )`)),
  };
}

function alternatives(terms: readonly string[]): string {
  return longestFirst(terms.map(escapePoint)).join("|");
}

function longestFirst(terms: readonly string[]): string[] {
  return terms.toSorted((a, b) => b.length - a.length);
}

/** Folded terms hold no other sign that means something in a pattern. */
function escapePoint(term: string): string {
  return term.replace(/[.]/g, "\\.");
}
