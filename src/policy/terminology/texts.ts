<<<<<<< HEAD

// The texts of one request. Each is folded once, and all of them together within one budget of characters, so that the
// cost of a request is bounded, whatever it holds.
import { memoizeByObject } from "../memoize.ts";
import { type Folded, fold, mentions, weightOf } from "./terms.ts";

=======

// The texts of one request. Each is folded once, all within one character budget, so that the cost of a request is
// bounded.
import { type Folded, fold, weightOf } from "./terms.ts";

>>>>>>> 846cbcf (The terminology and FHIRPath rooms speak of matches, and their comments are plain American English)

const MAX_CHARACTERS = 8_000_000;

/** The request has more text than its character budget. */
export class TextBudgetSpent extends Error {}

export type Texts = {
  /** @throws TextBudgetSpent */
  fold(text: string): Folded;
<<<<<<< HEAD
  /**
   * Whether any of the terms occurs in the text. Asked of the same text once for each list of terms.
   * @throws TextBudgetSpent
   */
  mentions(text: string, terms: readonly string[]): boolean;
  /** Takes what the text counts as from the budget. @throws TextBudgetSpent */
=======
  /** Charges the text to the budget. @throws TextBudgetSpent */
>>>>>>> 846cbcf (The terminology and FHIRPath rooms speak of matches, and their comments are plain American English)
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
