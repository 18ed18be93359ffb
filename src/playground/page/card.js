// Renders a card as an EHR would. `detail` is Markdown from an external service: HTML is disabled, and the result is
// sanitized.

import { element } from "./dom.js";
import MarkdownIt from "./vendor/markdown-it.js";
import DOMPurify from "./vendor/purify.js";

const markdown = new MarkdownIt({ html: false, linkify: false });
const ALLOWED = { ALLOWED_TAGS: ["p", "strong", "em", "ul", "ol", "li", "code", "br", "a"], ALLOWED_ATTR: ["href"] };

const INDICATORS = { info: "For information", warning: "Please review", critical: "Critical" };

/** @param actions {{ accept: (suggestion: object) => void, dismiss: (reason: object | undefined) => void }} */
export function drawCard(card, { accept, dismiss }) {
  const detail = element("div", { class: "detail" });
  detail.innerHTML = DOMPurify.sanitize(markdown.render(card.detail ?? ""), ALLOWED);
  const choices = (card.suggestions ?? []).flatMap((suggestion) => [
    element(
      "button",
      { type: "button", class: "primary", on: { click: () => once(() => accept(suggestion)) } },
      suggestion.label,
    ),
    element("p", { class: "quiet" }, suggestion.actions.map(({ description }) => description).join(" ")),
  ]);
  /** A card is answered once, even by a double click. */
  function once(act) {
    for (const button of article.querySelectorAll("button")) button.disabled = true;
    act();
  }
  const article = element(
    "article",
    { class: `card ${card.indicator === "warning" ? "warning" : "info"}`, "aria-label": "Card" },
    element("span", { class: "indicator" }, INDICATORS[card.indicator] ?? card.indicator),
    element("h3", {}, card.summary),
    detail,
    choices.length > 0 && element("div", { class: "choices" }, ...choices),
    drawDismissal(card, (reason) => once(() => dismiss(reason))),
    element("p", { class: "source" }, "Source: ", drawSource(card.source)),
  );
  return article;
}

function drawSource({ label, url }) {
  // Path only: the service itself serves the page, at whatever address.
  return url ? element("a", { href: new URL(url, location.href).pathname }, label) : label;
}

function drawDismissal({ overrideReasons = [] }, dismiss) {
  const select = element(
    "select",
    { id: "reason" },
    element("option", { value: "" }, "No reason"),
    ...overrideReasons.map(({ display }, index) => element("option", { value: String(index) }, display)),
  );
  const click = () => {
    const chosen = overrideReasons[Number(select.value)];
    dismiss(select.value === "" || !chosen ? undefined : { code: chosen.code, system: chosen.system });
  };
  return element(
    "div",
    { class: "dismiss" },
    overrideReasons.length > 0 && element("label", { for: "reason" }, "Reason to keep the order", select),
    element("button", { type: "button", id: "dismiss", on: { click } }, "Dismiss"),
  );
}
