// What a text of a policy writes where an expression finds nothing.
import { jest } from "@jest/globals";
import MarkdownIt from "markdown-it";
import { compileExpression, type Expression } from "../../../src/policy/fhirpath/expression.ts";
import {
  compileTemplate,
  escapeMarkdown,
  plain,
  renderMarkdown,
  renderPlain,
} from "../../../src/policy/fhirpath/template.ts";
import { loadPolicies } from "../../../src/policy/load/load.ts";
import { createTexts } from "../../../src/policy/terminology/texts.ts";

/** Each expression finds what it says, and `nothing` nothing. */
const compile = (text: string): Expression => ({
  ...{ text, variables: ["evidence"], valueSets: [] },
  evaluate: () => (text === "nothing" ? [] : [text]),
});
const render = (text: string) => renderPlain(compileTemplate(text, compile), {}, createTexts());

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
  expect(renderMarkdown(compileTemplate("{{ a > b > }}", compile), {}, createTexts())).toBe("a &gt; b &gt;");
});

test.each([
  "//evil.example/path",
  "https://evil.example",
  "http:////evil.example",
  "mailto:a@evil.example",
  "a@evil.example",
  "www.evil.example",
  "evil.com",
  "evil.example.com/x?y=z",
  "xn--e1awd7f.com",
  "пример.com",
  "ftp://evil.example",
  "javascript:alert(1)",
  "[a](//evil.example)",
  "<https://evil.example>",
  "<a href=//evil.example>x</a>",
  "![a](https://evil.example/x.png)",
])("%s becomes no link and no HTML, whatever a client makes into links", (attack) => {
  const renderers = [{ linkify: true }, { linkify: true, html: true }].map((options) => new MarkdownIt(options));
  for (const renderer of renderers) {
    renderer.linkify.set({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true });
    expect(renderer.render(`- ${escapeMarkdown(attack)}: **found**`)).not.toMatch(/<(a|img|script)\b/i);
  }
});

test.each(["\u3164", "\u2800", "\u115f", "\uffa0", "\u202e", "\u200b"])(
  "%j, which shows nothing, is gone",
  (letter) => {
    expect([plain(`a${letter}b`), escapeMarkdown(`${letter}*`)]).toEqual(["a b", "\\*"]);
  },
);

test("numbers and abbreviations are left as they are", () => {
  expect(escapeMarkdown("1.5 mg/5 mL, No. 5, 100 mg/tablet.")).toBe("1.5 mg/5 mL, No. 5, 100 mg/tablet.");
});

test("a text that depends on the day says another one the day after", () => {
  const terminology = loadPolicies("cards")[0]?.terminology;
  if (!terminology) throw new Error("no policy");
  const asks = { variables: [], valueSets: [] };
  const template = compileTemplate("Today is {{ today().toString() }}", (text) =>
    compileExpression(text, [], asks, terminology),
  );
  jest.useFakeTimers({ now: new Date("2026-11-24T12:00:00Z") });
  const first = renderPlain(template, {}, createTexts());
  jest.setSystemTime(new Date("2026-11-29T12:00:00Z"));
  expect([first, renderPlain(template, {}, createTexts())]).toEqual(["Today is 2026-11-24", "Today is 2026-11-29"]);
  jest.useRealTimers();
});
