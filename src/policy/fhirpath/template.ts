// The texts of a policy: plain words with {{ FHIRPath }} between them. What comes from a request is escaped, because
// clients draw a card's detail as Markdown, and some let HTML through.

import type { Texts } from "../terminology/texts.ts";
import type { Expression } from "./expression.ts";

/** A compiled text: literal parts and expressions in turn. */
export type Template = { readonly parts: readonly (string | Expression)[] };

/** What the expressions of a text may speak of. */
export const templateVariables = ["order", "orders", "evidence", "missing", "payer", "policy"] as const;
export type TemplateValues = Partial<Record<(typeof templateVariables)[number], unknown>>;

/** Characters of what one expression writes. */
export const MAX_VALUE_LENGTH = 120;

/** @param compile one expression, and the character of the text at which it begins */
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

/** The text as Markdown. An expression that finds nothing, or that the data do not fit, leaves nothing. */
export function renderMarkdown(template: Template, values: TemplateValues, texts: Texts): string {
  return render(template, values, texts, escapeMarkdown);
}

/** The text as plain text, for what clients do not draw as Markdown. */
export function renderPlain(template: Template, values: TemplateValues, texts: Texts): string {
  return render(template, values, texts, plain);
}

function render({ parts }: Template, values: TemplateValues, texts: Texts, write: (text: string) => string): string {
  const written = parts.map((part) => (typeof part === "string" ? part : write(evaluatePart(part, values, texts))));
  return withoutLooseCommas(oneLine(written.join(""))).trim();
}

/** Without the commas that an expression that found nothing leaves: "X, " is "X". */
function withoutLooseCommas(text: string): string {
  return text.replace(/(?:, )+(?=, )/g, "").replace(/^, |, $/g, "");
}

/** With single spaces between words. */
function oneLine(text: string): string {
  return text.replace(/\s{2,}|[^\S ]/g, " ");
}

/** What an expression writes: the texts and numbers that it finds. */
function evaluatePart(expression: Expression, values: TemplateValues, texts: Texts): string {
  try {
    const found = expression.evaluate(values, texts);
    return [...new Set(found.filter((value) => typeof value === "string" || typeof value === "number"))].join(", ");
  } catch {
    return "";
  }
}

/** Control and direction characters, and letters that show nothing: the Hangul fillers and the empty Braille pattern. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115F\u1160\u2800\u3164\uFFA0]+/gu;

/** One line without characters that do not show, and not endless. */
export function plain(text: string): string {
  if (text.length <= MAX_VALUE_LENGTH && PLAIN.test(text)) return text;
  const line = oneLine(text.replace(INVISIBLE, " ")).trim();
  const characters = [...line];
  return characters.length > MAX_VALUE_LENGTH ? `${characters.slice(0, MAX_VALUE_LENGTH - 1).join("")}…` : line;
}

/** What most texts are, told in a tenth of the time: words in ASCII with single spaces. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** Text that Markdown shows as it is: no emphasis, link, automatic link or HTML comes of it. */
export function escapeMarkdown(text: string): string {
  const line = plain(text);
  if (!MARKS.test(line)) return line;
  return line
    .replace(/[\\`*_[\]~]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(AUTOMATIC_LINK, "$&\u200b") // a zero-width space ends it
    .replaceAll("@", "\u200b@"); // nobody has that name
}

/** After these, GFM and its linkifiers go on to a link: `://`, `//host`, `mailto:`, `www.`, and any `host.example`. */
const AUTOMATIC_LINK = /[:/](?=\/)|mailto:?|www(?=\.)|(?<=\p{L})\.(?=\p{L})/giu;

const MARKS = /[\\`*_[\]~&<>@]|\/\/|mailto|\p{L}\.\p{L}/iu;
