// Reads and changes nested data by path. A change returns a copy that shares the unchanged parts.

/** Element names and list positions. */
export type Path = readonly (string | number)[];

export function valueAt(data: unknown, path: Path): unknown {
  return path.reduce((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], data);
}

export function replacedAt<T>(data: T, path: Path, value: unknown): T {
  const [step, ...rest] = path;
  if (step === undefined) return value as T;
  const inner = replacedAt((data as Record<string | number, unknown>)[step], rest, value);
  return (Array.isArray(data) ? data.with(step as number, inner) : { ...data, [step]: inner }) as T;
}

/** A copy without the list entry or element. */
export function withoutAt<T>(data: T, path: Path): T {
  const holder = path.slice(0, -1);
  const last = path.at(-1);
  const held = valueAt(data, holder);
  const rest = Array.isArray(held)
    ? held.toSpliced(last as number, 1)
    : { ...(held as object), [last as string]: undefined };
  return replacedAt(data, holder, rest);
}
