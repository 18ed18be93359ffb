// Commands as npm runs them, in a process of their own. What they write in every other case is tested in this process: test/authoring,
// test/docs and test/store/report-command.test.ts.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { killAll, run } from "../support/process.ts";

afterAll(killAll);

async function npmRun(...words: string[]): Promise<{ output: string; code: unknown }> {
  const { child, output } = run(["npm", "run", "--silent", ...words]);
  const [code] = await once(child, "close"); // all of the output is there
  return { output: output(), code };
}

test("policy -- test: the cases of the real policies pass, see all, and notice every mutant that is not named equivalent", async () => {
  const { output, code } = await npmRun("policy", "--", "test");
  expect(output).toContain(" 0 fail");
  expect(output).toMatch(/, 0 not caught\n$/);
  expect(output).not.toMatch(/no case covers|listed as equivalent, but/);
  expect(code).toBe(0);
});

test("policy -- check with an unknown option: exit code 2, and how it is used", async () => {
  const { output, code } = await npmRun("policy", "--", "check", "--fmt");
  expect(output).toContain("Unknown option '--fmt'");
  expect(output).toContain("npm run policy -- check ");
  expect(code).toBe(2);
});

test("policy -- schema, and the page of settings: what stands in the repository", async () => {
  expect(await npmRun("policy", "--", "schema", "cases")).toMatchObject({
    output: readFileSync("cards/cases.schema.json", "utf8"),
    code: 0,
  });
  const { child, output } = run([process.execPath, "src/authoring/settings-main.ts"]);
  expect(await once(child, "close")).toEqual([0, null]);
  expect(output()).toBe(readFileSync("docs/configuration.md", "utf8"));
});
