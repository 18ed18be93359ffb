// Shows why: each criterion with its outcome, its FHIRPath, and the records that each expression selected.
import { element } from "./dom.js";

/** Of a criterion that the policy only shows. */
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

/** Rows of the decision table in words. */
const ROWS = {
  "other-payer": "Every coverage names another payer: silent.",
  authorized: "The plan has authorized the order already: silent.",
  "nothing-read": "Nothing clinical was received: the call is answered 412, so that the client knows.",
  "overriding-caution": "A reaction to the drug itself: a caution, and no click.",
  "exception-established": "The exception is documented, and nothing is left to check: silent.",
  "exception-to-confirm": "The exception is documented, but for the label: for information.",
  caution: "A reaction to an ingredient, without the whole exception: a caution, and no click.",
  "cautions-unread": "Allergies were not received in full: a card, and no click.",
  change: "The exception is not documented: a card, with the change where it is safe.",
};

export function drawWhy({ explanations }) {
  if (explanations.length === 0) {
    return element(
      "p",
      { class: "quiet" },
      "No draft order is one that a policy speaks about, so nothing else was looked at.",
    );
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
      "Cautions: reactions after which nothing is offered in one click",
      cautions.flatMap(({ rules }) => rules),
    ),
    drawRules("Authorized by the plan already", [authorized]),
    element(
      "p",
      { class: "quiet" },
      element("a", { href: `/policies/${encodeURIComponent(policy)}` }, "The policy in full"),
      ", with its value sets and where each code comes from.",
    ),
  );
}

function drawCriterion({ label, outcome, decides, text, rules }) {
  // A record that counts is not held against itself by a rule for records that do not count alone.
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
  const told = count > 0 ? String(count) : unread ? "not received" : "none";
  return element("details", {}, element("summary", {}, `${heading}: ${told}`), ...rules.map(drawRule));
}

function drawRule({ grade, note, expression, selected, unread }) {
  const nothing = unread.length > 0 ? "Not received, so nothing can be said." : "Selected nothing.";
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
