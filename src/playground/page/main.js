// The playground plays the EHR at order entry: a patient, a draft order, Sign, the card, what is done with it.
import { drawCard } from "./card.js";
import { drawChart, drawOrders } from "./chart.js";
import { element, fill } from "./dom.js";
import { configure, diagnosticsOf, drawExchange, post } from "./exchange.js";
import { resourcesIn, SOURCES } from "./fhir.js";
import { applyActions, sideBySide } from "./order.js";
import { drawKey, drawOwn } from "./own.js";
import { drawWhy } from "./why.js";

const start = await (await fetch("/playground/start.json")).json();
const { scenarios, policies, mode, fhirServers, endpoint } = start;
configure({ baseUrl: start.baseUrl });

/** Distinct records of all scenarios, by source: what may be added to a chart. */
const palette = Object.fromEntries(
  SOURCES.map(({ key }) => {
    const records = scenarios.flatMap(({ call }) => resourcesIn(call.prefetch[key]));
    const distinct = new Map(records.map(({ id, ...record }) => [JSON.stringify(record), record]));
    return [key, [...distinct.values()]];
  }),
);

/** The order-sign call that is shown; changed by what one tries. */
let call = structuredClone(scenarios[0].call);
/** Counts what was asked, so that a late answer of an earlier question is not shown. */
let asked = 0;

function drawPage() {
  fill("order", drawOrders(call));
  fill("records", drawChart(call, palette, tryOtherwise));
}

function show(next, story) {
  call = next;
  fill("story", story);
  fill("status");
  fill(
    "answer",
    element("p", { class: "none" }, element("strong", {}, "Not signed yet"), "Press Sign to ask the policy."),
  );
  fill("changed");
  fill("why");
  fill("exchange", element("p", { class: "quiet" }, "Nothing was asked yet."));
  drawPage();
}

function choose({ id, call: chosen, story }) {
  for (const button of document.querySelectorAll("#patients button")) {
    button.setAttribute("aria-current", String(button.dataset.id === id));
  }
  history.replaceState(undefined, "", `?scenario=${encodeURIComponent(id)}`);
  show(structuredClone(chosen), story);
}

/** What if: changes the call and asks again. */
function tryOtherwise(change) {
  const next = structuredClone(call);
  change(next);
  call = next;
  fill("changed");
  drawPage();
  void sign();
}

async function sign() {
  asked += 1;
  const turn = asked;
  const request = { ...call, hookInstance: crypto.randomUUID() };
  fill("status", "Asking …");
  const answer = await post(endpoint, request);
  const explained = await post("/playground/explain", request);
  if (turn !== asked) return;
  drawExchange(endpoint, request, answer);
  drawAnswer(answer);
  fill("why", explained.status === 200 && drawWhy(explained.body));
}

function drawAnswer(answer) {
  if (answer.status !== 200) {
    fill("status", "The policy could not answer.");
    const nothing = answer.status === 412 ? "Not enough was received to judge by" : "The call was not answered";
    fill(
      "answer",
      element("div", { class: "none" }, element("strong", {}, nothing), element("span", {}, diagnosticsOf(answer))),
    );
    return;
  }
  const { cards } = answer.body;
  if (cards.length === 0) {
    fill("status", "Signed.");
    fill(
      "answer",
      element(
        "div",
        { class: "none" },
        element("strong", {}, "No card"),
        "The order is signed, and the prescriber is not interrupted.",
      ),
    );
    return;
  }
  fill(
    "status",
    cards.length === 1 ? "The policy answers with a card." : `The policies answer with ${cards.length} cards.`,
  );
  fill(
    "answer",
    ...cards.map((card) =>
      drawCard(card, { accept: (suggestion) => accept(card, suggestion), dismiss: (reason) => dismiss(card, reason) }),
    ),
  );
}

async function accept(card, suggestion) {
  const before = resourcesIn(call.context.draftOrders);
  const after = applyActions(before, suggestion.actions);
  const entry = after.map((resource) => ({ resource }));
  call = { ...call, context: { ...call.context, draftOrders: { ...call.context.draftOrders, entry } } };
  drawPage();
  fill("changed", sideBySide(before, after));
  await sendFeedback({ card: card.uuid, outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] });
  fill(
    "answer",
    element(
      "div",
      { class: "none" },
      element("strong", {}, "Changed"),
      "The order is as shown below. Sign again to ask the policy once more.",
    ),
  );
  document.getElementById("sign").focus();
}

async function dismiss(card, reason) {
  await sendFeedback({ card: card.uuid, outcome: "overridden", ...(reason && { overrideReason: { reason } }) });
  fill(
    "answer",
    element(
      "div",
      { class: "none" },
      element("strong", {}, "Dismissed"),
      "The order is signed as it was written, and the reason is kept.",
    ),
  );
}

async function sendFeedback(feedback) {
  const body = { feedback: [{ ...feedback, outcomeTimestamp: new Date().toISOString() }] };
  const answer = await post(`${endpoint}/feedback`, body);
  drawExchange(`${endpoint}/feedback`, body, answer);
  fill(
    "status",
    answer.status === 200 ? "The service has kept the feedback." : `Feedback was not kept. ${diagnosticsOf(answer)}`,
  );
}

const discovery = new URL("/cds-services", location.href).href;
fill(
  "links",
  ...policies.map(({ id, publisher }) =>
    element("a", { href: `/policies/${encodeURIComponent(id)}` }, `${publisher}'s policy`),
  ),
  element(
    "a",
    { href: `https://sandbox.cds-hooks.org/?serviceDiscoveryURL=${encodeURIComponent(discovery)}`, rel: "noreferrer" },
    "CDS Hooks Sandbox",
  ),
);
fill(
  "patients",
  ...scenarios.map((scenario) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", "data-id": scenario.id, on: { click: () => choose(scenario) } },
        scenario.patient,
      ),
    ),
  ),
);
document.getElementById("sign").addEventListener("click", () => {
  fill("changed");
  void sign();
});
drawOwn({ fhirServers, current: () => call, use: (own) => show(own, "A request of your own.") });
if (mode === "registered") {
  const notice = document.getElementById("notice");
  notice.textContent =
    "This service answers registered clients only, and the page cannot sign calls for one: give it a demonstration key below, or its calls are refused.";
  notice.hidden = false;
  drawKey();
}
const wanted = new URLSearchParams(location.search).get("scenario");
choose(scenarios.find(({ id }) => id === wanted) ?? scenarios[0]);
