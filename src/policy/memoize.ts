// Memoizes a function by object identity. Results are garbage-collected with their objects.

/** @param work must depend only on the object */
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
