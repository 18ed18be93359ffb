// Checks a policy across its parts: missing value sets, dates, duplicates, cautions, overlong texts, and unused parts.

import { inFuture } from "../fhirpath/dates.ts";
import { renderPlain } from "../fhirpath/template.ts";
import type { Policy } from "../format/policy.ts";
import { MAX_SUMMARY, type PolicyFile } from "../format/policy-file.ts";
import { type Compiler, variableNames } from "../load/compile.ts";
import type { Path, SourceFile } from "../load/source-file.ts";
import { createTexts } from "../terminology/texts.ts";
import { listExcluded } from "../terminology/value-sets.ts";
import { checkNeutral, checkOverlaps } from "./overlaps.ts";
import { checkReplacements } from "./replacements.ts";
import { nearest } from "./suggest.ts";
import { literalKey, type ValueSetFile } from "./value-sets.ts";

export type PolicyParts = {
  readonly file: PolicyFile;
  readonly source: SourceFile;
  readonly valueSets: readonly ValueSetFile[];
  /** The names of all value sets, including those that could not be read. */
  readonly setNames: ReadonlySet<string>;
};

export function checkPolicy(parts: PolicyParts, policy: Policy): void {
  for (const [source, path, name] of namesOf(parts)) {
    if (parts.setNames.has(name)) continue;
    source.fault(path, `there is no value set "${name}"`, { suggestion: nearest(name, parts.setNames) });
  }
  for (const name of Object.keys(parts.file.definitions)) {
    if (variableNames.has(name))
      parts.source.fault(["definitions", name], `%${name} is a variable: choose another name`, { at: "key" });
  }
  checkOverlaps(parts.file, parts.valueSets);
  checkReplacements(parts.file.products, parts.source, parts.valueSets);
  checkDisplays(parts.valueSets);
  checkDates(parts);
  checkDuplicates(parts);
  checkEstablished(parts);
  checkCautions(parts);
  checkSummaries(parts, policy);
}

/** Warns of unused and partly neutral value sets. Only for a policy without faults, since a fault may hide a use. */
export function checkUnused(parts: PolicyParts, used: Compiler["used"]): void {
  checkNeutral(parts.file, parts.valueSets);
  const descriptions = new Set(["text", "substances"]); // these describe a value set, but do not use it
  const named = [...namesOf(parts)].filter(([, [first]]) => !descriptions.has(String(first))).map(([, , name]) => name);
  const all = new Set([...used.valueSets, ...named]);
  for (const { set, source } of parts.valueSets) {
    if (all.has(set.name)) continue;
    source.warn(
      [],
      `this value set is unused: delete it, or list it under "recognized" if its codes alone identify a record`,
    );
  }
  for (const name of Object.keys(parts.file.definitions)) {
    if (!used.definitions.has(name)) parts.source.warn(["definitions", name], `%${name} is unused`, { at: "key" });
  }
}

/** Every use of a value set's name outside FHIRPath. */
function* namesOf({ file, source, valueSets }: PolicyParts): Generator<[SourceFile, Path, string]> {
  const { nonPreferred, preferred, replacements, productNeutral, sameDrug } = file.products;
  yield [source, ["products", "nonPreferred", "valueSet"], nonPreferred.valueSet];
  yield [source, ["products", "preferred", "valueSet"], preferred.valueSet];
  for (const [index, name] of productNeutral.entries()) yield [source, ["products", "productNeutral", index], name];
  for (const [index, name] of sameDrug.entries()) yield [source, ["products", "sameDrug", index], name];
  for (const [index, { valueSet }] of replacements.entries()) {
    yield [source, ["products", "replacements", index, "valueSet"], valueSet];
  }
  for (const [index, name] of file.recognized.entries()) yield [source, ["recognized", index], name];
  for (const name of Object.keys(file.text)) yield [source, ["text", name], name];
  for (const name of Object.keys(file.substances.sets)) yield [source, ["substances", "sets", name], name];
  for (const { source, resource } of valueSets) {
    for (const { path, name } of listExcluded(resource)) yield [source, path, name];
  }
}

/** A record with only a code is shown with the code's display, so every value set must give it the same one. */
function checkDisplays(valueSets: readonly ValueSetFile[]): void {
  const first = new Map<string, { display: string; name: string }>();
  for (const { set, source, listed } of valueSets) {
    for (const { path, concept } of listed) {
      const key = literalKey(concept);
      const known = first.get(key) ?? { display: concept.display, name: set.name };
      first.set(key, known);
      if (known.display === concept.display) continue;
      source.warn([...path, "display"], `${key} has the display "${known.display}" in ${known.name}`);
    }
  }
}

function checkDates({ file, source }: PolicyParts): void {
  const { reviewDate, history } = file;
  for (const [index, { date }] of history.entries()) {
    const before = history[index - 1]?.date;
    if (before !== undefined && date < before)
      source.fault(["history", index, "date"], `${date} follows ${before}: list the oldest first`);
  }
  const newest = history
    .map(({ date }) => date)
    .toSorted()
    .at(-1);
  if (inFuture(reviewDate)) source.fault(["reviewDate"], `${reviewDate} is in the future`);
  else if (newest !== reviewDate) source.fault(["reviewDate"], `is not the newest date in history, ${newest}`);
}

function checkDuplicates({ file, source }: PolicyParts): void {
  reportDuplicates(
    source,
    ["criteria"],
    "id",
    file.criteria.map(({ id }) => id),
  );
  reportDuplicates(
    source,
    ["cautions"],
    "id",
    file.cautions.map(({ id }) => id),
  );
  reportDuplicates(source, ["card", "overrideReasons"], "code", file.card.overrideReasons.map(literalKey));
}

/** `established` is evaluated only for a criterion that decides. */
function checkEstablished({ file, source }: PolicyParts): void {
  for (const [index, { decides, established }] of file.criteria.entries()) {
    if (decides || established === undefined) continue;
    source.warn(["criteria", index, "established"], "is never evaluated, since the criterion does not decide", {
      at: "key",
    });
  }
}

/** A caution that overrides a documented exception is always on its card. */
function checkCautions({ file, source }: PolicyParts): void {
  for (const [index, { overridesException, shownWithException }] of file.cautions.entries()) {
    if (!overridesException || shownWithException) continue;
    source.warn(
      ["cautions", index, "shownWithException"],
      "has no effect: a caution with overridesException is always shown with a documented exception. Write yes",
    );
  }
}

/** Reports each entry of a list that has the same name as an earlier one. */
export function reportDuplicates(source: SourceFile, list: Path, key: string, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) source.fault([...list, index, key], `"${name}" is a duplicate`);
  }
}

/** With the values known before any request. A request's own values are cut to fit. */
function checkSummaries(
  { source }: PolicyParts,
  { texts, payer, title, publisher, reviewDate, revision }: Policy,
): void {
  const values = { payer: { name: payer.name }, policy: { title, publisher, date: reviewDate, version: revision } };
  for (const name of ["summary", "summaryCaution", "summaryConfirm"] as const) {
    const { length } = [...renderPlain(texts[name], values, createTexts())];
    if (length <= MAX_SUMMARY) continue;
    source.fault(["card", "texts", name], `has ${length} characters; a summary may have ${MAX_SUMMARY}`);
  }
}
