// Finds whole terms in free text, ignoring case and punctuation: "povidone" does not match "crospovidone". A term also
// matches its plural with an s. A text that is matched repeatedly is folded once.

/** A text belongs to a value set if it contains all of `all`, at least one of `any` (if given), and none of `none`. */
export type TextRule = { readonly all: string[]; readonly any: string[]; readonly none: string[] };

/**
 * How a substance is recognized. A text *is* the substance if it consists of `names` and neutral words; it *mentions*
 * the substance if it contains one of `names`, unless it is entirely another substance with that name (`except`).
 */
export type NameRule = { readonly names: string[]; readonly except: string[]; readonly neutral: string[] };

/** A text in the form in which texts are compared. */
export type Folded = { readonly words: string };

export function fold(text: string): Folded {
  return { words: words(text) };
}

/**
 * Lowercase words with single spaces, and a space at each end so that whole terms can be found. A period or comma
 * inside a number stays: "1,400 mg" does not contain "400 mg".
 */
export function words(text: string): string {
  if (ONLY_WORDS.test(text)) return ` ${text.toLowerCase()} `;
  const folded = text.normalize("NFKC").toLowerCase();
  return ` ${folded
    .replace(/(?<!\d)[.,]|[.,](?!\d)|[^\p{L}\p{N}.,]+/gu, " ")
    .replace(/ +/g, " ")
    .trim()} `;
}

/** Matches most names, which are then folded in a fifth of the time. */
const ONLY_WORDS = /^[a-z0-9]+(?: [a-z0-9]+)*$/i;

/** Weighted characters of all texts of one record. */
export const MAX_WEIGHT = 100_000;
const MAX_LENGTH = 10_000; // characters of one text
/** Normalization sorts a run of combining marks, in quadratic time. */
const RUN_OF_MARKS = /[\p{M}\uFF9E\uFF9F]{31}/u;
/** One character that normalization expands to 18. Rare, so each may weigh as much as a page. */
const LIGATURE = /\uFDFA/g;
const PAGE = 3_000; // characters

/**
 * The characters that a text counts as. More than MAX_WEIGHT if it is larger or costlier to fold than any real text.
 */
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

/** Whether the text contains any of the terms as a whole. */
export function mentions(text: string | Folded, terms: readonly string[]): boolean {
  return wordsOf(text).search(patternsOf(terms).whole) >= 0;
}

/**
 * The longest word of a term, folded: a text without it does not contain the term. Splits numbers at periods and
 * commas.
 */
export function longestWord(term: string): string {
  return longestFirst(words(term).trim().split(/[ .,]/))[0] ?? "";
}

/** Whether the text contains at least one of the terms, and otherwise only neutral words. */
export function consistsOf(text: string | Folded, terms: readonly string[], neutral: readonly string[] = []): boolean {
  const whole = wordsOf(text);
  const rest = whole.replace(patternsOf(terms).whole, "");
  return rest !== whole && rest.replace(patternsOf(neutral).whole, "").trim() === "";
}

/** Whether one of the names matches the rule. A forbidden term rules out only the name that contains it. */
export function matchesRule(names: readonly (string | Folded)[], { all, any, none }: TextRule): boolean {
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
  /** Matches any term with the space before it, the longest first. The space after it is left for the next match. */
  readonly whole: RegExp;
  /** One per term, in order. */
  readonly each: readonly RegExp[];
};

/** Memoized for each list of a policy. */
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

/** Folded terms contain no other character that is special in a pattern. */
function escapePoint(term: string): string {
  return term.replace(/[.]/g, "\\.");
}
