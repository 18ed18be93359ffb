// The policy page: what a pharmacist or prescriber reads behind a card. Static HTML, without script.
import { createHash } from "node:crypto";
import type { PolicyDescription } from "./describe.ts";
import { type Html, html } from "./html.ts";

/** The colours and the typeface of the playground's style.css, so that both look alike. */
const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#17212b, #e8edf2); --quiet: light-dark(#4a5866, #a9b6c3); --page: light-dark(#f4f6f8, #11171d); --sheet: light-dark(#ffffff, #1a222b); --line: light-dark(#d6dde4, #36424e); --accent: light-dark(#0b5cad, #7fb8f0); }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 2rem auto; padding: 1.75rem 2rem 3rem; background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--quiet); }
pre { background: var(--page); border: 1px solid var(--line); padding: .75rem 1rem; font: .82rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
details { margin: .5rem 0; } summary { cursor: pointer; font-weight: 600; }
@media (max-width: 44rem) { main { margin: 0; border: 0; border-radius: 0; padding: 1rem; } }
@media print { details > * { display: block; } main { border: 0; } }
`;

/** For the Content-Security-Policy of the page: nothing is loaded, and only this style applies. */
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
<p class="quiet">Published by ${policy.publisher}, reviewed ${policy.reviewDate}. Revision here: ${policy.revision}. This service is operated by: ${policy.operator}.</p>
<p>${policy.statement}</p>
<p class="quiet">Source: ${policy.document}. The plan decides coverage; nothing here is treatment advice.</p>

<h2>Products</h2>
<table>
<tr><th scope="row">Not preferred</th><td>${nonPreferred.name}</td><td><code>${nonPreferred.valueSet}</code></td></tr>
<tr><th scope="row">Preferred</th><td>${preferred.name}</td><td><code>${preferred.valueSet}</code></td></tr>
${replacements.map(({ strength, display, code, system }, index) => html`<tr><th scope="row">${replacements.findIndex((each) => each.strength === strength) < index ? "or" : "Suggested"} for ${strength}</th><td>${display}</td><td><code>${system}|${code}</code></td></tr>`)}
</table>
<p>For patients whose coverage names ${policy.payer.name}, or does not say who pays. Which orders count:</p>
<pre>${policy.appliesTo}</pre>
<p>No card when the plan has already authorized the order:</p>
<pre>${policy.authorized}</pre>

<p>No change in one click beside such an order in the chart:</p>
<pre>${policy.alreadyOrdered}</pre>

<h2>Criteria</h2>
${policy.criteria.map(writeCriterion)}

<h2>Cautions</h2>
<p>When one of these selects a record, the card says so first and offers no change in one click.</p>
${policy.cautions.map(({ id, overridesException, expressions }) => html`<h3>${id}</h3><p class="quiet">${overridesException ? "Even when the exception is documented." : "Unless the exception is documented."}</p>${expressions.map((each) => html`<pre>${each}</pre>`)}`)}

<h2>Records that tell nothing</h2>
<p>These count as not read, so that no change is offered in one click.</p>
${policy.unanswered.map((each) => html`<pre>${each}</pre>`)}

<h2>Value sets</h2>
${policy.valueSets.map(writeValueSet)}

<h2>Review history</h2>
<table>
<tr><th scope="col">Review date</th><th scope="col">Revision</th><th scope="col">Changes</th></tr>
${policy.history.map(({ date, revision, changes }) => html`<tr><td>${date}</td><td>${revision}</td><td>${changes}</td></tr>`)}
</table>
</main>
</body>
</html>`;
  return page.html;
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
<p class="quiet">${decides ? "The exception depends on it." : "Shown on the card; decided by the plan."}</p>
${rules("Documented by", documented)}
${rules("Supported by", supporting)}
${established ? html`<p>Nothing is left to check when</p><pre>${established}</pre>` : html``}`;
}

function writeValueSet({
  name,
  title,
  description,
  concepts,
  excludes,
  text,
  names,
}: PolicyDescription["valueSets"][number]): Html {
  return html`<details id="${name}">
<summary>${title} (${name}, ${concepts.length} codes)</summary>
<p>${description}</p>
${excludes.length > 0 ? html`<p>A record in ${excludes.join(" or ")} is not in this set.</p>` : html``}
<table>
<tr><th scope="col">Code</th><th scope="col">Name</th><th scope="col">How certain, and where it was seen</th></tr>
${concepts.map(({ system, code, display, comment }) => html`<tr><td><code>${system}|${code}</code></td><td>${display}</td><td>${comment}</td></tr>`)}
</table>
${text.map(({ all, any, none }) => html`<p>By text: ${[all.length > 0 && `all of "${all.join('", "')}"`, any.length > 0 && `one of "${any.join('", "')}"`, none.length > 0 && `none of "${none.join('", "')}"`].filter(Boolean).join("; ")}</p>`)}
${names ? html`<p>By name: "${names.names.join('", "')}". Neutral words beside a name: "${names.neutral.join('", "')}". With any other word a name only mentions it, and not at all where all of it is ${names.except.length > 0 ? html`"${names.except.join('", "')}"` : "another substance"}.</p>` : html``}
</details>`;
}
