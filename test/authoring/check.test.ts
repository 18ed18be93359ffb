// `npm run policy -- check` and `-- schema`, as an author and CI run them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { runPolicy } from "./command.ts";

let directory: string;
let policy: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cards-"));
  cpSync("cards", directory, { recursive: true });
  policy = join(directory, "imatinib-preferred", "policy.yaml");
});
afterEach(() => rmSync(directory, { recursive: true }));

function plant(from: string, to: string): void {
  const text = readFileSync(policy, "utf8");
  expect(text).toContain(from);
  writeFileSync(policy, text.replace(from, to));
}

test("the policies of this repository are without fault: exit code 0", async () => {
  expect(await runPolicy("check")).toMatchObject({ code: 0, stdout: "0 faults, 0 warnings\n", stderr: "" });
});

test("a fault: exit code 1, and a line that editors link to the file", async () => {
  plant("valueSet: gleevec", "valueSet: gleevac");
  const { code, stdout } = await runPolicy("check", directory);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^fault {4}.*policy\.yaml:\d+:\d+: products\.nonPreferred\.valueSet: there is no value set "gleevac", did you mean "gleevec"\?\n/,
  );
  expect(stdout).toMatch(/\n1 fault, 0 warnings\n$/);
});

test("a warning: exit code 0; as JSON, one document whose findings have all members", async () => {
  plant("  isCurrent: >-", "  spare: code.exists()\n  isCurrent: >-");
  const { code, stdout } = await runPolicy("check", "--format", "json", directory);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    faults: [],
    warnings: [
      {
        file: policy,
        line: expect.any(Number),
        column: 3,
        place: "definitions.spare",
        reason: "%spare is unused",
        suggestion: null,
      },
    ],
  });
});

test.each([
  ["an unknown format", ["check", "--format", "xml"], "--format must be text or json"],
  ["two folders", ["check", "cards", "more"], "check takes one folder"],
  ["an unknown schema", ["schema", "cards"], "name one schema: policy or cases"],
])("%s: exit code 2, and how it is used", async (_what, args, message) => {
  const { code, stderr } = await runPolicy(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain(`npm run policy -- ${args[0]} `);
});

describe.each(["policy", "cases"])("cards/%s.schema.json", (name) => {
  const written = readFileSync(`cards/${name}.schema.json`, "utf8");
  const file = readFileSync(`cards/imatinib-preferred/${name}.yaml`, "utf8");

  test("is what `npm run docs` writes", async () => {
    expect((await runPolicy("schema", name)).stdout).toBe(written);
  });

  test("is what the file names for editors, and takes it", () => {
    expect(file.split("\n")[0]).toBe(`# yaml-language-server: $schema=../${name}.schema.json`);
    const ajv = new Ajv2020.default({ strict: false });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(written));
    const asRead = (["failsafe", "core"] as const).map((schema) => parse(file, { schema, maxAliasCount: -1 })); // by the service; by an editor
    for (const read of asRead) expect([validate(read), validate.errors]).toEqual([true, null]);
  });

  test("explains every key", () => {
    const { properties } = JSON.parse(written);
    for (const [key, { description }] of Object.entries<{ description?: string }>(properties)) {
      expect([key, description?.length]).toEqual([key, expect.any(Number)]);
    }
  });
});
