// Writes the result of `npm run policy -- try` as text: the drafts, the sources read, each criterion, and the card.
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
      const head = `${id} ${label}: ${outcome}${decides ? "" : " (shown only; does not decide)"}`;
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
    ignored.illFormed > 0 && `draft entries without a readable resource: ${ignored.illFormed}`,
    ignored.otherPatient > 0 && `drafts for another patient: ${ignored.otherPatient}`,
    ignored.withoutDrug > 0 && `drafts that name no drug: ${ignored.withoutDrug}`,
    ignored.hasDstu2 && "MedicationOrder is DSTU2, which is not supported: use MedicationRequest",
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
    applies: `the policy applies; change: ${change}`,
    "not-applied": `in ${nonPreferred}, but appliesTo does not select it (check status, doNotPerform, and category)`,
    "other-product": `not in ${nonPreferred}`,
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

/** Why there is or is not a card. */
function writeOutcome({ row, drafts, nonPreferred }: Trial): string {
  const found = drafts.map(({ order, names, codes }) => `${names[0] ?? codes[0] ?? "unnamed drug"} (${order})`);
  const applied = drafts.some(({ standing }) => standing === "not-applied");
  const why: Record<Trial["row"], string> = {
    "no-order": applied
      ? "No card: the policy does not apply to the drafts of the non-preferred product (see above)."
      : `No card: no draft orders the non-preferred product (${nonPreferred}). Drafts found: ${found.join(", ") || "none"}.`,
    "other-payer": "No card: every active coverage names another payer.",
    authorized: "No card: the order already has prior authorization.",
    "nothing-read": "No card; returns 412: no medication history or allergies were read.",
    "exception-established": "No card: the exception is documented, and there is nothing left to check.",
    "exception-to-confirm": "Card: the exception is documented, but needs checking (see established).",
    "overriding-caution": "Card: a reaction that overrides the documented exception. No one-click change.",
    caution: "Card: review an adverse reaction first. No one-click change.",
    "cautions-unread": "Card: the records read do not rule out a reaction. No one-click change.",
    change: "Card: the exception is not documented.",
  };
  return `Decision: row ${row}\n  ${why[row]}`;
}

/** The card as the prescriber sees it, with suggestions as buttons. */
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
    selectionBehavior === "at-most-one" && "Choose at most one:",
    buttons.join("\n"),
    reasons.length > 0 && `Or keep the order, because:\n${reasons.join("\n")}`,
    `Source: ${source.label}`,
  ];
  const text = parts.filter(Boolean).join("\n\n");
  return `Card\n${text.replace(/^/gm, "  │ ").replace(/ +$/gm, "")}`;
}
