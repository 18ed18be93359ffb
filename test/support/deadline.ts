// Deadlines that pass when a test says so, and at no time by themselves.

export type Deadlines = {
  /** Milliseconds of each that was set. */
  readonly set: readonly number[];
  /** Lets all of them pass. Those that are set from then on are real again. */
  pass(): void;
};

/** Holds every deadline that is set from now on. To be called before the call that sets it. */
export function holdDeadlines(): Deadlines {
  const { timeout } = AbortSignal;
  const gate = new AbortController();
  const set: number[] = [];
  AbortSignal.timeout = (milliseconds) => {
    set.push(milliseconds);
    return gate.signal;
  };
  return {
    set,
    pass() {
      AbortSignal.timeout = timeout;
      gate.abort(new DOMException("The deadline has passed", "TimeoutError"));
    },
  };
}
