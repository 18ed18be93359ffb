// Applies an accepted suggestion to the draft orders, as an EHR would: deletes, then creates, then updates (CDS Hooks,
// "Suggestion": in FHIR transaction order). Shows the difference.
import { element } from "./dom.js";
import { drugOf } from "./fhir.js";

/** @returns the new orders; the given ones are not modified */
export function applyActions(orders, actions) {
  const deleted = actions.filter(({ type }) => type === "delete").map(({ resourceId }) => resourceId);
  const created = actions
    .filter(({ type }) => type === "create")
    .map(({ resource }) => ({ id: crypto.randomUUID(), ...resource }));
  const updates = new Map(
    actions.filter(({ type }) => type === "update").map(({ resource }) => [resource.id, resource]),
  );
  return [
    ...orders
      .filter((order) => !deleted.includes(`${order.resourceType}/${order.id}`))
      .map((order) => updates.get(order.id) ?? order),
    ...created,
  ];
}

/** Side by side, with differing lines highlighted. */
export function sideBySide(before, after) {
  const [one, other] = [before, after].map((orders) => JSON.stringify(orders, null, 2).split("\n"));
  const column = (heading, lines, others, mark) => {
    const kept = new Set(others);
    const marked = lines.map((line) => (kept.has(line) ? `${line}\n` : element("span", { class: mark }, line)));
    return element(
      "div",
      {},
      element("h3", {}, heading),
      element("pre", { tabIndex: 0, "aria-label": heading }, ...marked),
    );
  };
  const names = (orders) =>
    orders
      .filter(({ resourceType }) => resourceType === "MedicationRequest")
      .map(drugOf)
      .join(", ");
  return element(
    "div",
    {},
    element(
      "p",
      {},
      element("strong", {}, `${names(before)} → ${names(after) || "no order"}.`),
      " Dose and quantity are unchanged; differing lines are highlighted.",
    ),
    element(
      "div",
      { class: "changes" },
      column("Order before", one, other, "removed"),
      column("Order after", other, one, "added"),
    ),
  );
}
