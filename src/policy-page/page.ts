// The policy page that a card links to, for pharmacists and prescribers. Static HTML, no scripts.
import { createHash } from "node:crypto";
import type { PolicyDescription } from "./describe.ts";
import { type Html, html } from "./html.ts";

/** Same colors and typeface as the playground's style.css. */
const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#17212b, #e8edf2);
  --quiet: light-dark(#4a5866, #a9b6c3);
  --page: light-dark(#f4f6f8, #11171d);
  --sheet: light-dark(#ffffff, #1a222b);
  --line: light-dark(#d6dde4, #36424e);
  --accent: light-dark(#0b5cad, #7fb8f0);
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 2rem auto; padding: 1.75rem 2rem 3rem; }
main { background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--quiet); }
pre { background: var(--page); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
pre { font: .82rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
th, td { overflow-wrap: anywhere; }
details { margin: .5rem 0; } summary { cursor: pointer; font-weight: 600; }
@media (max-width: 44rem) { main { margin: 0; border: 0; border-radius: 0; padding: 1rem; } }
@media print { details > * { display: block; } main { border: 0; } }
`;

/** For the page's Content-Security-Policy: only this style, and nothing loaded. */
export const STYLE_SOURCE = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

export function writePage(policy: PolicyDescription): string {
  const { nonPreferred, preferred, replacements } = policy.products;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${policy.title}</title>
${{ html: `<style>${STYLE}</style>` }}
</head>
<body>
<main>
<h1>${policy.title}</h1>
<p class="quiet">Published by ${policy.publisher}, reviewed ${policy.reviewDate}. Revision here: ${policy.revision}.
Operator of this service: ${policy.operator}.</p>
<p>${policy.statement}</p>
<p class="quiet">Source: ${policy.document}. The plan decides coverage; nothing here is treatment advice.</p>

<h2>Products</h2>
<table>
<tr><th scope="row">Not preferred</th><td>${nonPreferred.name}</td><td><code>${nonPreferred.valueSet}</code></td></tr>
<tr><th scope="row">Preferred</th><td>${preferred.name}</td><td><code>${preferred.valueSet}</code></td></tr>
${replacements.map(writeReplacement)}
</table>
<p>For patients whose coverage names ${policy.payer.name} or no payer. Applies to these orders:</p>
<pre>${policy.appliesTo}</pre>
<p>No card if the plan has already authorized the order:</p>
<pre>${policy.authorized}</pre>

<p>No one-click change if the chart has such an order:</p>
<pre>${policy.alreadyOrdered}</pre>

<h2>Criteria</h2>
${policy.criteria.map(writeCriterion)}

<h2>Cautions</h2>
<p>If one of these selects a record, the card says so first and offers no one-click change.</p>
${policy.cautions.map(writeCaution)}

<h2>Uninformative records</h2>
<p>These count as not read, so no one-click change is offered.</p>
${policy.unanswered.map((each) => html`<pre>${each}</pre>`)}

<h2>Value sets</h2>
${policy.valueSets.map(writeValueSet)}

<h2>Review history</h2>
<table>
<tr><th scope="col">Review date</th><th scope="col">Revision</th><th scope="col">Changes</th></tr>
${policy.history.map(
  ({ date, revision, changes }) => html`<tr><td>${date}</td><td>${revision}</td><td>${changes}</td></tr>`,
)}
</table>
</main>
</body>
</html>`;
  return page.html;
}

type Replacement = PolicyDescription["products"]["replacements"][number];

/** "or" introduces a second product of the same strength. */
function writeReplacement(
  { strength, display, code, system }: Replacement,
  index: number,
  all: readonly Replacement[],
) {
  const isAlternative = all.findIndex((each) => each.strength === strength) < index;
  const use = `${isAlternative ? "or" : "Suggested"} for ${strength}`;
  return html`<tr><th scope="row">${use}</th><td>${display}</td><td><code>${system}|${code}</code></td></tr>`;
}

function writeCaution({ id, overridesException, expressions }: PolicyDescription["cautions"][number]): Html {
  return html`<h3>${id}</h3>
<p class="quiet">${overridesException ? "Even when" : "Unless"} the exception is documented.</p>
${expressions.map((each) => html`<pre>${each}</pre>`)}`;
}

function writeCriterion({
  id,
  label,
  text,
  decides,
  documented,
  supporting,
  established,
}: PolicyDescription["criteria"][number]): Html {
  const rules = (heading: string, list: { note: string | undefined; expression: string }[]) =>
    list.map(({ note, expression }) => html`<p>${heading}${note ? `: ${note}` : ""}</p><pre>${expression}</pre>`);
  return html`<h3>${id} ${label}</h3>
<p>${text}</p>
<p class="quiet">${decides ? "The exception depends on it." : "Shown on the card; the plan decides."}</p>
${rules("Documented by", documented)}
${rules("Supported by", supporting)}
${established ? html`<p>Nothing left to check if</p><pre>${established}</pre>` : html``}`;
}

type ValueSet = PolicyDescription["valueSets"][number];

function writeValueSet({ name, title, description, concepts, excludes, text, names }: ValueSet): Html {
  return html`<details id="${name}">
<summary>${title} (${name}, ${concepts.length} codes)</summary>
<p>${description}</p>
${excludes.length > 0 ? html`<p>A record in ${excludes.join(" or ")} is not in this set.</p>` : html``}
<table>
<tr><th scope="col">Code</th><th scope="col">Name</th><th scope="col">Certainty and source</th></tr>
${concepts.map(
  ({ system, code, display, comment }) =>
    html`<tr><td><code>${system}|${code}</code></td><td>${display}</td><td>${comment}</td></tr>`,
)}
</table>
${text.map(writeTextRule)}
${names && writeNames(names)}
</details>`;
}

function writeTextRule({ all, any, none }: ValueSet["text"][number]): Html {
  const parts = [
    all.length > 0 && `all of ${quoted(all)}`,
    any.length > 0 && `one of ${quoted(any)}`,
    none.length > 0 && `none of ${quoted(none)}`,
  ];
  return html`<p>By text: ${parts.filter(Boolean).join("; ")}</p>`;
}

function writeNames({ names, neutral, except }: NonNullable<ValueSet["names"]>): Html {
  return html`<p>By name: ${quoted(names)}. Neutral words next to a name: ${quoted(neutral)}.
With any other word the name is only a mention; the text does not match at all
if it is ${except.length > 0 ? quoted(except) : "another substance"}.</p>`;
}

const quoted = (words: readonly string[]) => `"${words.join('", "')}"`;
