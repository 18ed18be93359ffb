// Compiles and renders a policy's texts: plain text with {{ FHIRPath }}. Values from a request are escaped, because
// clients render a card's detail as Markdown, and some allow HTML.

import type { Texts } from "../terminology/texts.ts";
import type { Expression } from "./expression.ts";

/** A compiled text: literal parts alternating with expressions. */
export type Template = { readonly parts: readonly (string | Expression)[] };

/** The variables of the expressions in a text. */
export const templateVariables = ["order", "orders", "evidence", "missing", "payer", "policy"] as const;
export type TemplateValues = Partial<Record<(typeof templateVariables)[number], unknown>>;

/** Characters of one expression's output. */
export const MAX_VALUE_LENGTH = 120;

/** @param compile gets one expression and its offset in the text, in characters */
export function compileTemplate(text: string, compile: (expression: string, offset: number) => Expression): Template {
  let offset = 0;
  const parts = text.split(/(\{\{.*?\}\})/s).map((part) => {
    const begin = offset;
    offset += part.length;
    if (!isExpression(part)) return oneLine(part);
    const inside = part.slice(2, -2);
    return compile(inside.trim(), begin + 2 + inside.search(/\S|$/));
  });
  return { parts };
}

const isExpression = (part: string) => part.startsWith("{{") && part.endsWith("}}");

/** The text as Markdown. An expression that finds nothing or fails on the data renders as nothing. */
export function renderMarkdown(template: Template, values: TemplateValues, texts: Texts): string {
  return render(template, values, texts, escapeMarkdown);
}

/** For parts of a card that clients do not render as Markdown. */
export function renderPlain(template: Template, values: TemplateValues, texts: Texts): string {
  return render(template, values, texts, plain);
}

function render({ parts }: Template, values: TemplateValues, texts: Texts, write: (text: string) => string): string {
  const written = parts.map((part) => (typeof part === "string" ? part : write(evaluatePart(part, values, texts))));
  return withoutLooseCommas(oneLine(written.join(""))).trim();
}

/** Removes commas around empty expressions: "X, " becomes "X". */
function withoutLooseCommas(text: string): string {
  return text.replace(/(?:, )+(?=, )/g, "").replace(/^, |, $/g, "");
}

function oneLine(text: string): string {
  return text.replace(/\s{2,}|[^\S ]/g, " ");
}

/** The strings and numbers that an expression finds. */
function evaluatePart(expression: Expression, values: TemplateValues, texts: Texts): string {
  try {
    const found = expression.evaluate(values, texts);
    return [...new Set(found.filter((value) => typeof value === "string" || typeof value === "number"))].join(", ");
  } catch {
    return "";
  }
}

/** Control and direction characters, and blank letters: the Hangul fillers and the empty Braille pattern. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115F\u1160\u2800\u3164\uFFA0]+/gu;

/** One line without invisible characters, cut to MAX_VALUE_LENGTH. */
export function plain(text: string): string {
  if (text.length <= MAX_VALUE_LENGTH && PLAIN.test(text)) return text;
  const line = oneLine(text.replace(INVISIBLE, " ")).trim();
  const characters = [...line];
  return characters.length > MAX_VALUE_LENGTH ? `${characters.slice(0, MAX_VALUE_LENGTH - 1).join("")}…` : line;
}

/** Most texts: ASCII words with single spaces, recognized in a tenth of the time. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** Text that Markdown renders literally: no emphasis, link, autolink, or HTML. */
export function escapeMarkdown(text: string): string {
  const line = plain(text);
  if (!MARKS.test(line)) return line;
  return line
    .replace(/[\\`*_[\]~]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(AUTOLINK, "$&\u200b") // a zero-width space breaks the link
    .replaceAll("@", "\u200b@"); // no mention of a user
}

/** GFM and its linkifiers start a link at these: `://`, `//host`, `mailto:`, `www.`, and any `host.example`. */
const AUTOLINK = /[:/](?=\/)|mailto:?|www(?=\.)|(?<=\p{L})\.(?=\p{L})/giu;

const MARKS = /[\\`*_[\]~&<>@]|\/\/|mailto|\p{L}\.\p{L}/iu;
