// What a text of a policy writes where an expression finds nothing.
import type { Expression } from "../../src/policy/expression.ts";
import { compileTemplate, renderMarkdown, renderPlain } from "../../src/policy/template.ts";

/** Each expression finds what it says, and `nothing` nothing. */
const compile = (text: string): Expression => ({
  ...{ text, variables: ["evidence"], valueSets: [] },
  evaluate: () => (text === "nothing" ? [] : [text]),
});
const render = (text: string) => renderPlain(compileTemplate(text, compile), {});

test.each([
  ["{{ drug }}, {{ nothing }}", "drug"],
  ["{{ nothing }}, {{ status }}", "status"],
  ["{{ drug }}, {{ nothing }}, {{ status }}", "drug, status"],
  ["{{ drug }}, {{ nothing }}, {{ nothing }}, {{ status }}", "drug, status"],
  ["{{ nothing }}, {{ nothing }}", ""],
  ["the trial of {{ drug }}, {{ status }}, is documented:", "the trial of drug, status, is documented:"],
  ["{{ 1,5 }}", "1,5"],
])("%s writes %s", (text, written) => expect(render(text)).toBe(written));

test("a sign of Markdown at the end stays whole", () => {
  expect(renderMarkdown(compileTemplate("{{ a > b > }}", compile), {})).toBe("a &gt; b &gt;");
});
