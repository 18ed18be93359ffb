// `npm run policy -- codes`: the sheet that a pharmacist signs.
import { codesOf } from "../../src/authoring/code-sheet.ts";
import { openPolicy } from "../../src/authoring/open-policy.ts";
import { runPolicy } from "./command.ts";

const sheet = (...args: string[]) => runPolicy("codes", "example", "--cards", "test/authoring/small", ...args);
const { policy } = openPolicy("test/authoring/small", "example");

test("what is unverified stands first, by the words of the comments", () => {
  expect(codesOf(policy).map(({ code, certainty }) => [code, certainty])).toEqual([
    ["G20", "unverified"], // says nothing of its source
    ["G10", "to be checked"],
    ["B10", "one source"], // of its two value sets, the less certain
  ]);
});

test("a value set whose description says that nobody verified it is unverified as a whole", () => {
  const rows = codesOf(openPolicy("cards", "imatinib-preferred").policy);
  const listed = rows.filter(({ valueSets }) => valueSets.some(({ name }) => name === "ingredients-in-gleevec"));
  const certainties = listed.map((row) => row.certainty);
  expect(new Set(certainties)).toEqual(new Set(["unverified"]));
  expect(rows[0]?.certainty).toBe("unverified");
});

test("every code of the policy is on the sheet, with its revision and a place to sign", async () => {
  const { output, code } = await sheet();
  for (const { code: each } of codesOf(policy)) {
    expect(output).toMatch(new RegExp(`\\| ☐ \\| [^|]+ \\| urn:example \\| ${each} \\|`));
  }
  expect(output).toContain(`revision ${policy.revision}`);
  expect(output).toContain("=Brandex\\|10 mg"); // a bar would end the cell
  expect(output.slice(output.indexOf("## Signature"))).toMatch(/Name: _+\n\nDate: _+\n\nWhat was checked.*: _+/);
  expect(code).toBe(0);
});

test("a code stands once, with all its value sets, what they call it and where they have it from", () => {
  const codes = codesOf(policy).map(({ code: each }) => each);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codesOf(policy).find(({ code: each }) => each === "B10")).toMatchObject({
    valueSets: [
      { name: "brand", certainty: "several sources" },
      { name: "ten", certainty: "one source" },
    ],
    display: "=Brandex|10 mg",
    source: "2 independent sources: a; b; 1 source: a",
  });
});

test("CSV: quoted, and nothing that a spreadsheet would calculate", async () => {
  const { output } = await sheet("--format", "csv");
  const lines = output.split("\r\n");
  expect(lines[0]).toBe("certainty,value sets,system,code,display,source,policy,revision");
  expect(lines).toHaveLength(5);
  expect(output).toContain('"1 source: a ""label"", probably old"');
  expect(output).toContain(",'=Brandex|10 mg,");
  expect(output).toContain(`example,${policy.revision}\r\n`);
});

test.each([
  [["codes"], "name a policy: cards contains imatinib-preferred"],
  [["codes", "example", "--cards", "test/authoring/small", "--format", "pdf"], "--format must be markdown or csv"],
  [[], "name a command"],
  [["cod"], 'there is no command "cod"'],
])("%p", async (args, message) => {
  const { output, code } = await runPolicy(...args);
  expect(output).toContain(message);
  expect(output).toContain("npm run policy -- codes <policy>");
  expect(code).toBe(2);
});
