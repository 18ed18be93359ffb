// `npm run policy -- test`, as an author runs it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPolicy } from "./command.ts";

let cards: string;
beforeEach(() => {
  cards = mkdtempSync(join(tmpdir(), "cards-"));
  cpSync("test/authoring/small", cards, { recursive: true });
});
afterEach(() => rmSync(cards, { recursive: true }));

const edit = (file: string, from: string, to: string) => {
  const path = join(cards, "example", file);
  const before = readFileSync(path, "utf8");
  expect(before).toContain(from);
  writeFileSync(path, before.replace(from, to));
};

test("survivors are told with file and line, and what no case sees", async () => {
  const { output, code } = await runPolicy("test", "example", "--cards", cards);
  expect(output).toContain("Cases: 7 pass, 0 fail");
  expect(output).toContain("no case covers row other-payer");
  expect(output).toContain(`${cards}/example/policy.yaml:14\n    definitions.isTaken: without 'completed'`);
  expect(code).toBe(1);
});

test("a failing case is told with what was expected and what came, and no mutant is made", async () => {
  edit("cases.yaml", "changes: [replace]", "changes: [remove], says: [Generic second]");
  const { output, code } = await runPolicy("test", "--cards", cards);
  expect(output).toContain("  nothing in the chart\n    changes: expected [remove], got [replace]\n");
  expect(output).toContain('card: expected "Generic second", got Generic first');
  expect(output).toContain("Mutants: skipped until all cases pass");
  expect(code).toBe(1);
});

test("as JSON", async () => {
  const { output } = await runPolicy("test", "--cards", cards, "--format", "json");
  const [report] = JSON.parse(output);
  expect(report).toMatchObject({ policy: "example", failing: [], coverage: { unseen: expect.any(Array) } });
  expect(report.mutants.survivors).toContainEqual({
    id: "definitions.isTaken: without 'completed'",
    at: `${cards}/example/policy.yaml:14`,
  });
});

test.each([
  [
    "cases that cannot be read",
    "cases.yaml",
    "row: exception-established",
    "rows: x",
    /cases\.yaml:\d+:\d+: cases\.1\.expect/,
  ],
  [
    "a policy that cannot be loaded",
    "policy.yaml",
    "%isTaken",
    "%isTooken",
    /policy\.yaml:\d+:\d+: .*unknown variable/,
  ],
])("%s", async (_name, file, from, to, message) => {
  edit(file, from, to);
  const { output, code } = await runPolicy("test", "--cards", cards);
  expect(output).toMatch(message);
  expect(output).not.toContain(" at ");
  expect(code).toBe(1);
});

test.each([
  [["nope", "--cards", "cards"], 'there is no policy "nope"'],
  [["--cards", "nowhere"], "nowhere contains no policy"],
  [["--format", "xml"], "--format must be text or json"],
  [["a", "b"], "name one policy"],
])("%p", async (args, message) => {
  const { output, code } = await runPolicy("test", ...args);
  expect(output).toContain(message);
  expect(output).toContain("npm run policy -- test [policy]");
  expect(code).toBe(2);
});
