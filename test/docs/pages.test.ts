// The documents can be read: JSON, YAML and the clients that stand in them, and every link. test/system/examples.test.ts runs their commands.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { loadClients } from "../../src/clients/clients-file.ts";
import { blocksOf } from "./blocks.ts";

const ALL = [
  ...readdirSync("docs").filter((name) => name.endsWith(".md")),
  "../CHANGELOG.md",
  "../CONTRIBUTING.md",
].map((name) => join("docs", name));

const folder = mkdtempSync(join(tmpdir(), "cds-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("JSON and YAML in the documents can be read, and clients registered as they stand there", () => {
  let registered = 0;
  for (const path of [...ALL, "README.md"]) {
    for (const { kind, text, line } of blocksOf(path)) {
      if (kind === "json") expect(() => JSON.parse(text)).not.toThrow();
      if (kind !== "yaml") continue;
      expect([`${path}:${line}`, typeof parse(text)]).toEqual([`${path}:${line}`, "object"]);
      if (!text.includes("clients:")) continue;
      const file = join(folder, "clients.yaml");
      writeFileSync(file, text);
      // Clients for demonstrations are refused in production.
      registered += loadClients(file, !text.includes("demonstration: true")).length;
    }
  }
  expect(registered).toBeGreaterThan(0);
  expect(loadClients("docs/examples/clients.yaml", true).map(({ name }) => name)).toContain("example-epic");
});

/** The anchor that GitHub makes of a heading. */
const anchorsOf = (page: string) =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(ALL)("%s: its links lead somewhere", (path) => {
  const page = readFileSync(path, "utf8");
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  const broken = links
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const found = file === "" ? path : join(dirname(path), file);
      if (!existsSync(found)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(found, "utf8")).includes(anchor);
    });
  expect(broken).toEqual([]);
});
