// The texts of one request. Each is folded once, all within one character budget, so that the cost of a request is
// bounded.
import { memoizeByObject } from "../memoize.ts";
import { type Folded, fold, mentions, weightOf } from "./terms.ts";

const MAX_CHARACTERS = 8_000_000;

/** The request has more text than its character budget. */
export class TextBudgetSpent extends Error {}

export type Texts = {
  /** @throws TextBudgetSpent */
  fold(text: string): Folded;
  /**
   * Whether any of the terms occurs in the text. Memoized by text and list of terms.
   * @throws TextBudgetSpent
   */
  mentions(text: string, terms: readonly string[]): boolean;
  /** Charges the text to the budget. @throws TextBudgetSpent */
  spend(text: string): void;
};

export function createTexts(characters = MAX_CHARACTERS): Texts {
  const known = new Map<string, Folded>();
  let left = characters;
  const spend = (text: string) => {
    left -= weightOf(text);
    if (left < 0) throw new TextBudgetSpent(`more than ${characters} characters of text`);
  };
  const foldOnce = (text: string) => {
    const folded = known.get(text);
    if (folded) return folded;
    spend(text);
    const made = fold(text);
    known.set(text, made);
    return made;
  };
  const answers = memoizeByObject((_terms: readonly string[]) => new Map<string, boolean>());
  return {
    spend,
    fold: foldOnce,
    mentions(text, terms) {
      const answer = answers(terms).get(text) ?? mentions(foldOnce(text), terms);
      answers(terms).set(text, answer);
      return answer;
    },
  };
}
