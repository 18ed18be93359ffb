// Compiles the expressions and texts of policy.yaml, checking each first. Reports every fault instead of stopping at
// one.

import { type Checked, checkExpression, type Scope } from "../check/expression.ts";
import { unevaluatedParts } from "../check/forms.ts";
import { chartTypes, chartVariables } from "../decision/chart.ts";
import { withCommonWords } from "../decision/payer-words.ts";
import { compileExpression, type Expression } from "../fhirpath/expression.ts";
import { compileTemplate, type Template } from "../fhirpath/template.ts";
import { type Node, parseExpression } from "../fhirpath/tree.ts";
import { type Types, union } from "../fhirpath/types.ts";
import type { Policy } from "../format/policy.ts";
import type { PolicyFile } from "../format/policy-file.ts";
import type { Terminology } from "../terminology/value-sets.ts";
import type { Path, SourceFile } from "./source-file.ts";

/** What an expression must return: records, or yes or no. A text takes anything. */
type Demand = "records" | "yes or no" | "anything";
type Variables = Readonly<Record<string, Types>>;

export type Compiler = ReturnType<typeof createCompiler>;

const ORDERS: Variables = { orders: ["MedicationRequest"] };
const TYPES_OF_CHART: Variables = Object.fromEntries(Object.entries(chartTypes).map(([name, type]) => [name, [type]]));
/** An expression is evaluated only on those of their records that may match one of its value sets. */
const SCREENED: ReadonlySet<string> = new Set(chartVariables.filter((variable) => variable !== "coverage"));
const EVIDENCE: Variables = { ...ORDERS, ...TYPES_OF_CHART };
/** The variables of card texts. */
const TEXTS: Variables = {
  order: ["MedicationRequest"],
  orders: ["MedicationRequest"],
  missing: ["System.String"],
  payer: ["payer"],
  policy: ["policy"],
};

/** Every variable, without %. Definitions must have other names. */
export const variableNames: ReadonlySet<string> = new Set(Object.keys({ ...EVIDENCE, ...TEXTS, evidence: [] }));

const NOTHING: Expression = { text: "{}", variables: [], valueSets: [], evaluate: () => [] };

/** @param valueSets the names of the policy's value sets */
export function createCompiler(
  source: SourceFile,
  terminology: Terminology,
  valueSets: ReadonlySet<string>,
  definitions: PolicyFile["definitions"],
) {
  const byName = new Map(Object.entries(definitions));
  const sets = [...terminology.sets.values()];
  const withoutNames = new Set(sets.filter(({ names }) => !names).map(({ name }) => name));
  const used = { valueSets: new Set<string>(), definitions: new Set<string>() };
  const trees = new Map<string, Node>();
  const parse = (expression: string) => {
    const tree = trees.get(expression) ?? parseExpression(expression);
    trees.set(expression, tree);
    return tree;
  };

  function compile(path: Path, text: string, variables: Variables, demand: Demand, start = 0) {
    let isSound = true;
    const fault = (at: Path, offset: number, reason: string, suggestion?: string) => {
      isSound = false;
      source.fault(at, reason, { at: offset, suggestion });
    };
    const scope: Scope = {
      variables: new Map(Object.entries(variables)),
      valueSets,
      withoutNames,
      definitions: byName,
      parse,
    };
    const checked = checkExpression(text, scope, ({ kind, definition, offset, reason, suggestion }) => {
      const at = definition === undefined ? path : ["definitions", definition];
      const character = definition === undefined ? start + offset : offset;
      if (kind === "fault") fault(at, character, reason, suggestion);
      else source.warn(at, reason, { at: character });
    });
    for (const name of checked.valueSets) used.valueSets.add(name);
    for (const name of checked.definitions) used.definitions.add(name);
    if (isSound && demand === "records") warnOfUnevaluatedParts(path, text, checked);
    if (isSound) for (const reason of unmetDemands(demand, checked)) fault(path, start, reason);
    const expression = isSound
      ? compileExpression(expand(text, checked.definitions, byName), Object.keys(variables), checked, terminology)
      : NOTHING;
    return { expression, types: checked.types };
  }

  /** Only chart records are screened first; an expression is evaluated on all orders. */
  function warnOfUnevaluatedParts(path: Path, text: string, { variables, definitions }: Checked) {
    if (!/\bor\b/.test(text) || variables.every((name) => name === "orders")) return;
    for (const { at, reason } of unevaluatedParts(parse(text), definitions))
      source.warn(path, reason, { at: at.start ?? 0 });
  }

  function template(path: Path, text: string, variables: Variables): Template {
    const compiled = compileTemplate(text, (expression, offset) => {
      return compile(path, expression, variables, "anything", offset).expression;
    });
    if (compiled.parts.some((part) => typeof part === "string" && /\{\{|\}\}/.test(part))) {
      source.fault(path, "has an unmatched {{ or }}", { at: text.search(/\{\{|\}\}/) });
    }
    return compiled;
  }

  return { compile, template, used };
}

/** Why an otherwise valid expression does not serve its purpose. */
function* unmetDemands(demand: Demand, { types, variables, valueSets }: Checked): Generator<string> {
  if (demand === "anything") return;
  if (demand === "records" && valueSets.length === 0 && variables.some((name) => SCREENED.has(name))) {
    yield "names no value set, so it is never evaluated on a chart record: add memberOf(…) or mentions(…)";
  }
  if (variables.length === 0) yield "names no variable, so it never selects anything";
  const isYesOrNo = types?.length === 1 && types[0] === "System.Boolean";
  if (demand === "records" && isYesOrNo) {
    yield "returns yes or no, and even no would count as found: select records instead, with where(…)";
  }
  if (demand === "yes or no" && types && !isYesOrNo) yield "must return yes or no: end it with exists() or empty()";
}

/** Replaces names with their definitions. The last first, since a definition may use those before it. */
function expand(text: string, used: readonly string[], definitions: ReadonlyMap<string, string>): string {
  if (used.length === 0) return text;
  const latestFirst = [...definitions].filter(([name]) => used.includes(name)).reverse();
  return latestFirst.reduce((expanded, [name, definition]) => {
    return expanded.replace(new RegExp(`%${name}\\b`, "g"), () => `(${definition})`);
  }, text);
}

export function compilePolicy(
  id: string,
  revision: string,
  file: PolicyFile,
  terminology: Terminology,
  { compile, template }: Compiler,
): Policy {
  const records = (path: Path, text: string, variables = EVIDENCE) => compile(path, text, variables, "records");
  const cautions = file.cautions.map((caution, index) => {
    const selected = caution.select.map((text, each) => records(["cautions", index, "select", each], text));
    const variables = { ...TEXTS, evidence: union(selected.map(({ types }) => types)) };
    return {
      ...caution,
      select: selected.map(({ expression }) => expression),
      text: template(["cautions", index, "text"], caution.text, variables),
    };
  });
  const texts = Object.entries(file.card.texts).map(([name, text]) => {
    return [name, template(["card", "texts", name], text, TEXTS)];
  });
  return {
    id,
    revision,
    title: file.title,
    publisher: file.publisher,
    reviewDate: file.reviewDate,
    document: file.document,
    statement: file.statement,
    history: file.history,
    payer: withCommonWords(file.payer),
    nonPreferred: file.products.nonPreferred,
    preferred: file.products.preferred,
    replacements: file.products.replacements,
    terminology,
    appliesTo: records(["appliesTo"], file.appliesTo, ORDERS).expression,
    authorized: records(["authorized"], file.authorized).expression,
    alreadyOrdered: records(["alreadyOrdered"], file.alreadyOrdered).expression,
    unanswered: file.unanswered.map((text, index) => records(["unanswered", index], text).expression),
    sameDrug: file.products.sameDrug,
    criteria: file.criteria.map((criterion, index) => compileCriterion(criterion, ["criteria", index])),
    cautions,
    texts: Object.fromEntries(texts) as Policy["texts"],
    topic: file.card.topic,
    overrideReasons: file.card.overrideReasons,
  };

  function compileCriterion(
    { established, show, documented, supporting, ...criterion }: PolicyFile["criteria"][number],
    path: Path,
  ): Policy["criteria"][number] {
    const select = (grade: string, rules: typeof documented) =>
      rules.map((rule, index) => ({ rule, ...records([...path, grade, index, "select"], rule.select) }));
    const selected = { documented: select("documented", documented), supporting: select("supporting", supporting) };
    const evidence = union([...selected.documented, ...selected.supporting].map(({ types }) => types));
    const shown = template([...path, "show"], show, { ...TEXTS, evidence });
    const compileRules = (grade: keyof typeof selected) =>
      selected[grade].map(({ rule, expression, types }, index) => ({
        select: expression,
        show: rule.show ? template([...path, grade, index, "show"], rule.show, { ...TEXTS, evidence: types }) : shown,
        note: rule.note,
      }));
    const ofDocumented = { evidence: union(selected.documented.map(({ types }) => types)) };
    return {
      ...criterion,
      documented: compileRules("documented"),
      supporting: compileRules("supporting"),
      established:
        established === undefined
          ? undefined
          : compile([...path, "established"], established, ofDocumented, "yes or no").expression,
      wouldCount: criterion.wouldCount,
      reminder: criterion.reminder,
    };
  }
}
