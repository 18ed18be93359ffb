// Runs the checks in a policy's cases.yaml: its cases and its tables of names, codes, and payers.

import { CASE_PATIENT, type CaseFile, chartOfCase, ordersOfCase, type PolicyCase } from "../cases/cases.ts";
import { type Card, cardFor } from "../cds-hooks/card.ts";
import { type Decision, decide } from "../policy/decision/decide.ts";
import { ordersFor } from "../policy/decision/order.ts";
import { matchPayer } from "../policy/decision/payer.ts";
import type { Policy } from "../policy/format/policy.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import { membership, mentioned } from "../policy/terminology/membership.ts";
import { startReading } from "../policy/terminology/reading.ts";
import { createTexts, type Texts } from "../policy/terminology/texts.ts";
import type { Terminology } from "../policy/terminology/value-sets.ts";
import { terminalText } from "./terminal.ts";

/** One result that differs from what a case expects. */
export type Difference = { readonly what: string; readonly expected: string; readonly got: string };

/** A policy under test. Compiled when a check first needs it; the tables do not. */
export type Tested = {
  readonly terminology: Terminology;
  readonly payer: Policy["payer"];
  readonly policy: () => Policy;
};

/** One check in cases.yaml. Differences are computed one at a time, so a caller can stop at the first. */
export type Check = { readonly name: string; readonly differences: (tested: Tested) => Iterable<Difference> };

/** The orders and chart of a case as a policy reads them; undefined if it applies to none of the orders. */
export function readCase(policy: Policy, given: PolicyCase) {
  const reading = startReading(alone(policy));
  const applicable = ordersFor(policy, ordersOfCase(given), reading);
  return applicable && { applicable, chart: chartOfCase(given, reading), reading };
}

/** One list for all cases, so that it is indexed once. */
const alone = memoizeByObject((policy: Policy) => [policy]);

/** All checks in the file. The tables come first, since they are fastest. */
export function checksOf(file: CaseFile): Check[] {
  return [...namesOf(file), ...codesOf(file), ...payersOf(file), ...file.cases.map(checkOf)];
}

function namesOf({ names }: CaseFile): Check[] {
  return Object.entries(names).flatMap(([set, grades]) =>
    Object.entries(grades).flatMap(([expected, listed]) =>
      listed.map((text) =>
        check(`names: ${text}`, `match with ${set}`, expected, ({ terminology }) => gradeOf(terminology, set, text)),
      ),
    ),
  );
}

function gradeOf(terminology: Terminology, set: string, text: string): string {
  const texts = createTexts();
  if (membership(terminology, { text }, texts).has(set)) return "is";
  return mentioned(terminology, { text }, texts).has(set) ? "mentions" : "neither";
}

function codesOf({ codes }: CaseFile): Check[] {
  return Object.entries(codes).flatMap(([set, systems]) =>
    Object.entries(systems).flatMap(([system, listed]) =>
      listed.map((code) =>
        check(`codes: ${system}|${code}`, `in ${set}`, "yes", ({ terminology }) =>
          membership(terminology, { coding: [{ system, code }] }, createTexts()).has(set) ? "yes" : "no",
        ),
      ),
    ),
  );
}

function payersOf({ payers }: CaseFile): Check[] {
  return Object.entries(payers).flatMap(([expected, listed]) =>
    listed.map((display) => {
      const coverage = {
        resourceType: "Coverage",
        status: "active",
        beneficiary: { reference: `Patient/${CASE_PATIENT}` },
        payor: [{ display }],
      };
      const source = { state: "read", records: [coverage], shortfalls: [], unreadable: 0, otherPatient: 0 } as const;
      return check(`payers: ${display}`, "payer", expected, ({ payer }) =>
        matchPayer({ payer }, source, createTexts()),
      );
    }),
  );
}

function check(name: string, what: string, expected: string, get: (tested: Tested) => string): Check {
  return {
    name,
    *differences(tested) {
      const got = get(tested);
      if (got !== expected) yield { what, expected, got };
    },
  };
}

function checkOf(given: PolicyCase): Check {
  return { name: given.name, differences: ({ policy }) => differencesIn(policy(), given) };
}

function* differencesIn(policy: Policy, given: PolicyCase): Generator<Difference> {
  const { row, payer, criteria, cautions, changes, suggestions, says, saysNot } = given.expect;
  const read = readCase(policy, given);
  const decision = read && decide(read.applicable, read.chart, read.reading);
  const outcomes = new Map(decision?.criteria.map(({ criterion, outcome }) => [criterion.id, outcome]));
  const compared: [what: string, expected: string | undefined, got: string][] = [
    ["row", row, decision?.row ?? "no-order"],
    ["payer", payer, decision?.payer ?? "none"],
    ...Object.entries(criteria).map(([id, outcome]): [string, string, string] => {
      return [`criterion ${id}`, outcome, outcomes.get(id) ?? "none"];
    }),
    ["cautions", cautions && list(cautions), list(decision?.cautions.map(({ caution }) => caution.id) ?? [])],
    ["changes", changes && list(changes), list(decision?.changes.map(nameOf) ?? [])],
  ];
  for (const [what, expected, got] of compared) {
    if (expected !== undefined && expected !== got) yield { what, expected, got };
  }
  if (!suggestions && says.length + saysNot.length === 0) return;
  const shown = read && decision && cardOf(decision, read.reading.texts);
  const labels = list(shown?.suggestions?.map(({ label }) => label) ?? []);
  if (suggestions && list(suggestions) !== labels)
    yield { what: "suggestions", expected: list(suggestions), got: labels };
  const card = shown ? textOf(shown) : "";
  for (const text of says)
    if (!card.includes(text)) yield { what: "card", expected: `"${text}"`, got: card || "no card" };
  for (const text of saysNot) if (card.includes(text)) yield { what: "card", expected: `no "${text}"`, got: card };
}

const nameOf = (change: Decision["changes"][number]) => (change.kind === "none" ? change.why : change.kind);
const list = (names: readonly string[]) => `[${names.join(", ")}]`;

/** The card for a client with default settings. */
function cardOf(decision: Decision, texts: Texts): Card | undefined {
  const settings = { baseUrl: "http://localhost", exceptionCard: false };
  return cardFor(decision, texts, settings, { replacement: "update", dialect: "standard" });
}

/** Summary and detail on one line. */
function textOf({ summary, detail }: Card): string {
  return terminalText(`${summary} ${detail}`).replace(/\s+/g, " ");
}
