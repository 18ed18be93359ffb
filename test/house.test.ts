// The house holds: no import runs in a circle, types included, and src/policy knows no other room.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => join("src", path));

const importsOf = new Map(
  files.map((file) => {
    const specifiers = [...readFileSync(file, "utf8").matchAll(/(?:from|import|import\()\s*"(\.[^"]+)"/g)];
    return [file, specifiers.map(([, path = ""]) => normalize(join(dirname(file), path)))] as const;
  }),
);

/** The files on a way from a file back to itself, or undefined. */
function findCircle(start: string): string[] | undefined {
  const seen = new Set<string>();
  const walk = (file: string, way: readonly string[]): string[] | undefined => {
    for (const next of importsOf.get(file) ?? []) {
      if (next === start) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const circle = walk(next, [...way, next]);
      if (circle) return circle;
    }
    return undefined;
  };
  return walk(start, [start]);
}

test("every import leads to a file, and some do", () => {
  const targets = [...importsOf.values()].flat();
  expect(targets.length).toBeGreaterThan(300);
  expect(targets.filter((path) => !importsOf.has(path))).toEqual([]);
});

test("no imports in a circle", () => {
  expect(files.map(findCircle).filter((circle) => circle !== undefined)).toEqual([]);
});

test("src/policy imports nothing of another room", () => {
  const strays = [...importsOf].flatMap(([file, paths]) =>
    file.startsWith("src/policy/") ? paths.filter((path) => !path.startsWith("src/policy/")) : [],
  );
  expect(strays).toEqual([]);
});

test("no drug, payer or code of a policy stands in TypeScript", () => {
  const named = files.filter((file) => /imatinib|gleevec|cigna|40458[89]|40387[89]/i.test(readFileSync(file, "utf8")));
  expect(named).toEqual([]);
});
