// Finds what a misspelled word was meant to be. Knows nothing of policies.
import { distance } from "fastest-levenshtein";

/** The candidate that is a few letters away from the word, or undefined where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const most = Math.min(1 + Math.ceil(word.length / 5), word.length - 1); // two letters that changed places count as two
  const near = [...candidates]
    .map((candidate) => ({ candidate, letters: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, letters }) => candidate !== word && letters <= most);
  return near.toSorted((a, b) => a.letters - b.letters)[0]?.candidate;
}
