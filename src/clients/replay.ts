// Remembers used tokens, so that none is used twice. Per process, until the token expires, and bounded.

export type ReplayMemory = {
  /**
   * Records a token. @returns whether it was new
   * @param expiry in seconds since 1970
   */
  use(token: string, expiry: number, now: number): boolean;
};

/** @param onFull called when a token is dropped before it expires */
export function createReplayMemory(maxTokens: number, onFull: () => void): ReplayMemory {
  const used = new Set<string>();
  /** By expiry second: as many entries as a token's lifetime has seconds, however many tokens there are. */
  const tokensByExpiry = new Map<number, Set<string>>();
  let cleaned = 0;

  function forget(expiry: number): void {
    for (const token of tokensByExpiry.get(expiry) ?? []) used.delete(token);
    tokensByExpiry.delete(expiry);
  }
  function clean(now: number): void {
    if (now === cleaned) return;
    cleaned = now;
    for (const expiry of tokensByExpiry.keys()) if (expiry < now) forget(expiry);
  }
  function dropNextToExpire(): void {
    const next = Math.min(...tokensByExpiry.keys());
    const tokens = tokensByExpiry.get(next);
    const [token] = tokens ?? [];
    if (token === undefined) return;
    used.delete(token);
    tokens?.delete(token);
    if (tokens?.size === 0) tokensByExpiry.delete(next);
    onFull();
  }

  return {
    use(token, expiry, now) {
      clean(now);
      if (used.has(token)) return false;
      if (used.size >= maxTokens) dropNextToExpire();
      used.add(token);
      tokensByExpiry.set(expiry, (tokensByExpiry.get(expiry) ?? new Set()).add(token));
      return true;
    },
  };
}
