// Explains the decision: each criterion's outcome, its FHIRPath, and the records that each expression selected.
import { element } from "./dom.js";

/** For a criterion that the policy shows but that does not decide. */
const SHOWN = {
  documented: "seen",
  supporting: "reason given",
  "not-found": "not seen in these records",
  unknown: "not seen in what was received",
};

const OUTCOMES = {
  documented: "found",
  supporting: "needs documentation",
  "not-found": "not found",
  unknown: "not found in what was received",
};

/** Rows of the decision table. */
const ROWS = {
  "other-payer": "Every coverage names another payer: no card.",
  authorized: "The plan has already authorized the order: no card.",
  "nothing-read": "No clinical data was received: the service returns 412, so that the client knows.",
  "overriding-caution": "A reaction to the drug itself: a caution, and no one-click change.",
  "exception-established": "The exception is documented, with nothing left to check: no card.",
  "exception-to-confirm": "The exception is documented, except for a check of the label: an informational card.",
  caution: "A reaction to an ingredient, but not the whole exception: a caution, and no one-click change.",
  "cautions-unread": "Allergies were not received in full: a card without a one-click change.",
  change: "The exception is not documented: a card, with a one-click change where it is safe.",
};

export function drawWhy({ explanations }) {
  if (explanations.length === 0) {
    return element("p", { class: "quiet" }, "No policy applies to the draft orders, so the chart was not checked.");
  }
  return element("div", {}, element("h3", {}, "Why"), ...explanations.map(drawExplanation));
}

function drawExplanation({ policy, row, authorized, criteria, cautions }) {
  return element(
    "div",
    {},
    element("p", {}, ROWS[row] ?? row),
    ...criteria.map(drawCriterion),
    drawRules(
      "Cautions: reactions that rule out a one-click change",
      cautions.flatMap(({ rules }) => rules),
    ),
    drawRules("Already authorized by the plan", [authorized]),
    element(
      "p",
      { class: "quiet" },
      element("a", { href: `/policies/${encodeURIComponent(policy)}` }, "Full policy"),
      ", with its value sets and the source of each code.",
    ),
  );
}

function drawCriterion({ label, outcome, decides, text, rules }) {
  // A record that counts is not listed again under rules for records that do not count alone.
  const counted = new Set(rules.filter(({ grade }) => grade === "documented").flatMap(({ selected }) => selected));
  const shown = rules.map((rule) => {
    return rule.grade === "documented"
      ? rule
      : { ...rule, selected: rule.selected.filter((each) => !counted.has(each)) };
  });
  return element(
    "details",
    { class: "criterion" },
    element(
      "summary",
      {},
      `${label}: `,
      element("span", { class: `outcome ${outcome}` }, (decides ? OUTCOMES : SHOWN)[outcome] ?? outcome),
    ),
    element("p", { class: "quiet" }, text),
    ...shown.map(drawRule),
  );
}

function drawRules(heading, rules) {
  const count = new Set(rules.flatMap(({ selected }) => selected)).size;
  const unread = rules.some((rule) => rule.unread.length > 0);
  const result = count > 0 ? String(count) : unread ? "not received" : "none";
  return element("details", {}, element("summary", {}, `${heading}: ${result}`), ...rules.map(drawRule));
}

function drawRule({ grade, note, expression, selected, unread }) {
  const nothing = unread.length > 0 ? "Not received, so the result is unknown." : "Nothing selected.";
  const heading =
    grade === "documented" ? "Counts" : grade === "supporting" ? "Shown, does not count alone" : undefined;
  return element(
    "div",
    {},
    heading && element("p", { class: "quiet" }, note ? `${heading}: ${note}` : heading),
    element("pre", { tabIndex: 0, "aria-label": "FHIRPath" }, expression),
    element("p", { class: "selected" }, selected.length > 0 ? `Selected: ${selected.join(", ")}` : nothing),
  );
}
