// The texts of one request. Each is folded once, and all of them together within one budget of characters, so that the cost of a request
// is bounded, whatever it holds.
import { type Folded, fold, weightOf } from "./terms.ts";

const MAX_CHARACTERS = 8_000_000;

/** The request holds more text than is read. */
export class TextBudgetSpent extends Error {}

export type Texts = {
  /** The text as it is compared. @throws TextBudgetSpent */
  fold(text: string): Folded;
  /** Takes what the text counts as from the budget. @throws TextBudgetSpent */
  spend(text: string): void;
};

export function createTexts(characters = MAX_CHARACTERS): Texts {
  const known = new Map<string, Folded>();
  let left = characters;
  const spend = (text: string) => {
    left -= weightOf(text);
    if (left < 0) throw new TextBudgetSpent(`more than ${characters} characters of text`);
  };
  return {
    spend,
    fold(text) {
      const folded = known.get(text);
      if (folded) return folded;
      spend(text);
      const made = fold(text);
      known.set(text, made);
      return made;
    },
  };
}
