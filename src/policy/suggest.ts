// Finds what a misspelt word was meant to be. Knows nothing of policies.

/** The candidate that is a few letters away from the word, or undefined where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let [best, least] = [undefined as string | undefined, Math.max(1, Math.ceil(word.length / 3)) + 1];
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= least) continue;
    const letters = distance(word.toLowerCase(), candidate.toLowerCase());
    if (letters < least) [best, least] = [candidate, letters];
  }
  return best;
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const above = row;
    row = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const change = (above[column] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(change, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
