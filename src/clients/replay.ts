// Remembers the tokens that were used, so that none is used twice: per process, until the token's end, and bounded.

export type ReplayMemory = {
  /**
   * Remembers a token. @returns whether it was new
   * @param end when the token is refused anyway, in seconds since 1970
   */
  use(token: string, end: number, now: number): boolean;
};

/** @param onFull called when a token has to be forgotten before its end */
export function createReplayMemory(most: number, onFull: () => void): ReplayMemory {
  const endOf = new Map<string, number>();
  /** The tokens by the second of their end: as many seconds as a token may last, whatever the number of tokens. */
  const tokensByEnd = new Map<number, Set<string>>();
  let cleaned = 0;

  function forget(end: number): void {
    for (const token of tokensByEnd.get(end) ?? []) endOf.delete(token);
    tokensByEnd.delete(end);
  }
  function clean(now: number): void {
    if (now === cleaned) return;
    cleaned = now;
    for (const end of tokensByEnd.keys()) if (end < now) forget(end);
  }
  function forgetNearest(): void {
    const nearest = Math.min(...tokensByEnd.keys());
    const tokens = tokensByEnd.get(nearest);
    const [token] = tokens ?? [];
    if (token === undefined) return;
    endOf.delete(token);
    tokens?.delete(token);
    if (tokens?.size === 0) tokensByEnd.delete(nearest);
    onFull();
  }

  return {
    use(token, end, now) {
      clean(now);
      if (endOf.has(token)) return false;
      if (endOf.size >= most) forgetNearest();
      endOf.set(token, end);
      tokensByEnd.set(end, (tokensByEnd.get(end) ?? new Set()).add(token));
      return true;
    },
  };
}
