// The page of settings is current, and .env.example names every setting, with its default and what it is for.
import { readFileSync } from "node:fs";
import { writePage } from "../../src/authoring/settings-page.ts";
import { environment, readSettings } from "../../src/config.ts";

const page = readFileSync("docs/configuration.md", "utf8");
const example = readFileSync(".env.example", "utf8");
const names = Object.keys(environment.shape);
const rows = new Map(
  page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| |\|$/g, "").trim()))
    .map(([name = "", ...cells]) => [name.replaceAll("`", ""), cells] as const),
);

test("docs/configuration.md is what `npm run docs` writes", () => {
  expect(page).toBe(writePage(example));
});

test("it tells of every setting what it is for, its default and what is allowed", () => {
  for (const name of names) {
    expect([
      name,
      rows
        .get(name)
        ?.slice(0, 3)
        .every((cell) => cell.length > 2),
    ]).toEqual([name, true]);
  }
  expect(rows.get("RATE_LIMIT")).toEqual(expect.arrayContaining(["a whole number from 0 to 1000000"]));
});

test(".env.example names every setting once, in words, with the default of the schema", () => {
  const given = [...example.matchAll(/^(?:# .*\n)*?([A-Z_]+)=(.*)$/gm)].map(([, name = "", value = ""]) => [
    name,
    value,
  ]);
  expect(given.map(([name]) => name).sort()).toEqual(names.filter((name) => name !== "NODE_ENV").sort());
  expect(readSettings(Object.fromEntries(given))).toEqual(readSettings({}));
});
