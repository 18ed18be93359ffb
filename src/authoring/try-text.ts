// The answer of `npm run policy -- try` as text: drafts, what was read, criterion by criterion, the card.
import type { Card } from "../cds-hooks/card.ts";
import type { Selection } from "../policy/decision/explain.ts";
import { referenceTo } from "../policy/fhir-json.ts";
import { indent, printable, terminalText, wrap } from "./terminal.ts";
import type { Draft, Trial } from "./trial.ts";

const WIDTH = 110; // characters

export function writeTrial(trial: Trial): string {
  const { policy, revision, explanation, card } = trial;
  const paragraphs = [
    `${policy} ${revision}`,
    writeDrafts(trial),
    explanation && writeReads(trial),
    explanation &&
      `Payer: ${explanation.payer}\n\nPrior authorization already given\n${writeSelection(explanation.authorized)}`,
    ...(explanation?.criteria ?? []).map(({ id, label, outcome, decides, rules }) => {
      const head = `${id} ${label}: ${outcome}${decides ? "" : " (shown only, decides nothing)"}`;
      const lines = rules.map(({ grade, note, ...selection }) => {
        return `  ${grade}${note ? `: ${note}` : ""}\n${indent(writeSelection(selection), 2)}`;
      });
      return [head, ...lines].join("\n");
    }),
    ...(explanation?.cautions ?? []).map(({ id, rules }) => {
      return [`Caution ${id}`, ...rules.map(writeSelection)].join("\n");
    }),
    writeOutcome(trial),
    card && writeCard(card),
  ];
  return printable(`${paragraphs.filter(Boolean).join("\n\n")}\n`);
}

function writeDrafts({ drafts, ignored, explanation, nonPreferred }: Trial): string {
  const changes = new Map(explanation?.orders.map((order, at) => [order, explanation.changes[at] ?? ""]));
  const left = [
    ignored.illFormed > 0 && `${ignored.illFormed} entries of the drafts hold no resource that can be read`,
    ignored.otherPatient > 0 && `${ignored.otherPatient} drafts are of another patient`,
    ignored.withoutDrug > 0 && `${ignored.withoutDrug} drafts do not say which drug`,
    ignored.hasDstu2 && "MedicationOrder is of DSTU2: only MedicationRequest is read",
  ];
  const lines = drafts.map((draft) => {
    const name = draft.names[0] ?? "without a name";
    return `  ${draft.order}: ${name} (${draft.codes.join(", ") || "no code"})\n    ${standing(draft, nonPreferred, changes.get(draft.order))}`;
  });
  return ["Draft orders", ...lines, ...left.filter(Boolean).map((each) => `  ${each}`)].join("\n");
}

function standing({ standing, valueSets }: Draft, nonPreferred: string, change: string | undefined): string {
  const sets = valueSets.length > 0 ? `in ${valueSets.join(", ")}` : "in no value set of the policy";
  const meaning = {
    applies: `the policy speaks about it; change: ${change}`,
    "not-applied": `of ${nonPreferred}, but appliesTo does not select it (status, doNotPerform, category)`,
    "other-product": `not of ${nonPreferred}`,
  };
  return `${meaning[standing]}; ${sets}`;
}

function writeReads({ reads, gaps, unusable }: Trial): string {
  const missing = [
    ...gaps.map(({ source, kind, count }) => `  ${source}: ${kind}${count > 0 ? ` (${count})` : ""}`),
    ...unusable.map(({ record, why }) => `  ${record}: ${why}`),
  ];
  return [
    "Read",
    ...reads.map(({ source, from, note }) => `  ${source}: ${from === "nowhere" ? note : `from ${from}, ${note}`}`),
    ...(missing.length > 0 ? ["Missing or unreadable", ...missing] : []),
  ].join("\n");
}

function writeSelection({ expression, selected, unread }: Selection): string {
  const found = selected.length > 0 ? `selects ${selected.join(", ")}` : "selects nothing";
  const lacks = unread.length > 0 ? `; not read: ${unread.join(", ")}` : "";
  return indent(`${wrap(expression.replace(/\s+/g, " ").replaceAll("( ", "("), WIDTH)}\n→ ${found}${lacks}`, 4);
}

/** Why there is a card, or none. */
function writeOutcome({ row, drafts, nonPreferred }: Trial): string {
  const found = drafts.map(({ order, names, codes }) => `${names[0] ?? codes[0] ?? "a drug without name"} (${order})`);
  const applied = drafts.some(({ standing }) => standing === "not-applied");
  const why: Record<Trial["row"], string> = {
    "no-order": applied
      ? "No card: the policy does not apply to the drafts of the non-preferred product (see above)."
      : `No card: no draft order in it is of the non-preferred product (${nonPreferred}); drafts found: ${found.join(", ") || "none"}.`,
    "other-payer": "No card: every coverage in force names another payer.",
    authorized: "No card: the plan has authorized the order already.",
    "nothing-read": "No card, but 412: neither medication history nor allergies were read.",
    "exception-established": "No card: the exception is documented, and nothing is left to check.",
    "exception-to-confirm": "Card: the exception is documented; something is left to be checked (established).",
    "overriding-caution": "Card: a reaction that counts even beside a documented exception; no change in one click.",
    caution: "Card: a reaction to be looked at first; no change in one click.",
    "cautions-unread": "Card: reactions cannot be ruled out by what was read, so no change in one click.",
    change: "Card: the exception is not documented.",
  };
  return `Decision: row ${row}\n  ${why[row]}`;
}

/** As the prescriber sees it; a suggestion is a button. */
function writeCard({
  indicator,
  summary,
  detail,
  source,
  suggestions = [],
  selectionBehavior,
  overrideReasons = [],
}: Card): string {
  const buttons = suggestions.flatMap(({ label, actions }) => [
    `[ ${label} ]`,
    ...actions.map((action) => {
      const target = "resource" in action ? referenceTo(action.resource) : action.resourceId;
      return `  ${action.type} ${target ?? "a new order"}: ${action.description}`;
    }),
  ]);
  const reasons = overrideReasons.map(({ display }) => `( ) ${display}`);
  const parts = [
    `${indicator.toUpperCase()}: ${summary}`,
    wrap(terminalText(detail), WIDTH),
    selectionBehavior === "at-most-one" && "One of these at most:",
    buttons.join("\n"),
    reasons.length > 0 && `Or keep the order, because:\n${reasons.join("\n")}`,
    `Source: ${source.label}`,
  ];
  const text = parts.filter(Boolean).join("\n\n");
  return `Card\n${text.replace(/^/gm, "  │ ").replace(/ +$/gm, "")}`;
}
