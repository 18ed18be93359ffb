// Works something out once for each object, and forgets it with the object.

/** @param work its result must depend on the object alone */
export function oncePer<Key extends object, Result extends NonNullable<unknown>>(
  work: (key: Key) => Result,
): (key: Key) => Result {
  const known = new WeakMap<Key, Result>();
  return (key) => {
    const result = known.get(key) ?? work(key);
    known.set(key, result);
    return result;
  };
}

/** Remembers what was worked out for each text, as long as the function lives. */
export function oncePerText<Result extends NonNullable<unknown>>(
  work: (text: string) => Result,
): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const result = known.get(text) ?? work(text);
    known.set(text, result);
    return result;
  };
}
