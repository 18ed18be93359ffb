// The chart as a clinician sees it, editable for what-if tests: remove a record, change the severity of an allergy,
// rename a payer, withhold a source, or add a record from another test patient.
import { element } from "./dom.js";
import { describe, drugOf, nameOf, resourcesIn, SOURCES } from "./fhir.js";

/**
 * @param call the order-sign request
 * @param palette records of all scenarios, by source
 * @param change called with a function that modifies the request
 */
export function drawChart(call, palette, change) {
  return element(
    "div",
    { class: "records" },
    ...SOURCES.map((source) => drawSource(source, call, palette[source.key] ?? [], change)),
  );
}

export function drawOrders(call) {
  const orders = resourcesIn(call.context.draftOrders).filter(
    ({ resourceType }) => resourceType === "MedicationRequest",
  );
  return element(
    "div",
    {},
    ...orders.map((order) => {
      const reasons = (order.reasonCode ?? []).map(nameOf);
      return element(
        "div",
        { class: "order" },
        element("p", { class: "drug" }, drugOf(order)),
        ...(order.dosageInstruction ?? []).map(({ text }) => element("p", {}, text ?? "")),
        ...(order.note ?? []).map(({ text }) => element("p", {}, `Note: ${text}`)),
        reasons.length > 0 && element("p", { class: "quiet" }, `For: ${reasons.join(", ")}`),
      );
    }),
    orders.length === 0 && element("p", { class: "quiet" }, "No draft order."),
  );
}

function drawSource({ key, heading }, call, offered, change) {
  const bundle = call.prefetch?.[key];
  const received = bundle !== undefined;
  const toggle = element("input", {
    type: "checkbox",
    id: `received-${key}`,
    checked: received,
    title: "Whether the client sends this with the request",
    on: { change: () => change((draft) => setReceived(draft, key, !received)) },
  });
  const records = resourcesIn(bundle);
  return element(
    "div",
    { class: "source" },
    element(
      "div",
      { class: "heading" },
      element("h3", {}, heading),
      element("span", { class: "quiet" }, toggle, " ", element("label", { for: toggle.id }, "sent")),
      received && drawPalette(key, heading, offered, change),
    ),
    element(
      "ul",
      {},
      ...records.map((record, index) => drawRecord(key, record, index, change)),
      received && records.length === 0 && element("li", { class: "quiet" }, "None recorded"),
      !received && element("li", { class: "quiet" }, "Not sent to the service"),
    ),
  );
}

function drawRecord(key, record, index, change) {
  const [what, rest] = describe(key, record);
  const remove = () => change((draft) => draft.prefetch[key].entry.splice(index, 1));
  return element(
    "li",
    {},
    key !== "coverage" && element("span", { class: "what" }, what),
    element("span", { class: "quiet" }, rest),
    key === "allergies" && drawSeverity(record, index, change),
    key === "coverage" && drawPayer(record, index, change),
    element(
      "button",
      { type: "button", class: "small", "aria-label": `Remove ${what}`, on: { click: remove } },
      "Remove",
    ),
  );
}

const SEVERITIES = ["not stated", "mild", "moderate", "severe"];

function drawSeverity(record, index, change) {
  const now = record.reaction?.[0]?.severity ?? "not stated";
  const select = element(
    "select",
    { "aria-label": `Severity of the reaction to ${nameOf(record.code)}` },
    ...SEVERITIES.map((severity) => element("option", { value: severity, selected: severity === now }, severity)),
  );
  select.addEventListener("change", () =>
    change((draft) => {
      const { resource } = draft.prefetch.allergies.entry[index];
      const [reaction = {}, ...others] = resource.reaction ?? [];
      const { severity, ...rest } = reaction;
      resource.reaction = [select.value === "not stated" ? rest : { ...rest, severity: select.value }, ...others];
      // Criticality is an independent fact: this changes the severity only.
      delete resource.criticality;
    }),
  );
  return select;
}

function drawPayer(record, index, change) {
  const input = element("input", { "aria-label": "Payer", value: record.payor?.[0]?.display ?? "", size: 30 });
  input.addEventListener("change", () =>
    change((draft) => {
      draft.prefetch.coverage.entry[index].resource.payor = [{ display: input.value }];
    }),
  );
  return input;
}

function drawPalette(key, heading, offered, change) {
  if (offered.length === 0) return undefined;
  const select = element(
    "select",
    { "aria-label": `Add to: ${heading}` },
    element("option", { value: "" }, "Add …"),
    ...offered.map((record, index) =>
      element("option", { value: String(index) }, describe(key, record).filter(Boolean).join(", ")),
    ),
  );
  select.addEventListener("change", () =>
    change((draft) => {
      const record = structuredClone(offered[Number(select.value)]);
      draft.prefetch[key].entry.push({ resource: { ...record, id: `added-${crypto.randomUUID().slice(0, 8)}` } });
    }),
  );
  return select;
}

/** Withheld records by source: they come back if the source is sent again. */
let withheld = {};

/** For a new request. */
export function forgetWithheld() {
  withheld = {};
}

function setReceived(call, key, received) {
  call.prefetch ??= {};
  if (received) {
    call.prefetch[key] = withheld[key] ?? { resourceType: "Bundle", type: "searchset", entry: [] };
    return;
  }
  withheld[key] = call.prefetch[key];
  delete call.prefetch[key];
}
