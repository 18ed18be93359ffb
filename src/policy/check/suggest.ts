// Suggests the intended word for a misspelled one. Knows no policy.
import { distance } from "fastest-levenshtein";

/** The nearest candidate within a few edits of the word, or undefined. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const most = Math.min(1 + Math.ceil(word.length / 5), word.length - 1); // swapped letters count as two
  const near = [...candidates]
    .map((candidate) => ({ candidate, letters: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, letters }) => candidate !== word && letters <= most);
  return near.toSorted((a, b) => a.letters - b.letters)[0]?.candidate;
}
