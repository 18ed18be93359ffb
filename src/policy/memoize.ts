// Works something out once for each object, and forgets it with the object.

/** @param work its result must depend on the object alone */
export function memoizeByObject<Key extends object, Result extends NonNullable<unknown>>(
  work: (key: Key) => Result,
): (key: Key) => Result {
  const known = new WeakMap<Key, Result>();
  return (key) => {
    const result = known.get(key) ?? work(key);
    known.set(key, result);
    return result;
  };
}
