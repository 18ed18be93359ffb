// The playground acts as the EHR at order entry: a patient, a draft order, Sign, the card, and what is done with it.
import { drawCard } from "./card.js";
import { drawChart, drawOrders, forgetWithheld } from "./chart.js";
import { element, fill } from "./dom.js";
import { configure, diagnosticsOf, drawExchange, post } from "./exchange.js";
import { resourcesIn, SOURCES } from "./fhir.js";
import { applyActions, sideBySide } from "./order.js";
import { drawKey, drawOwn } from "./own.js";
import { drawWhy } from "./why.js";

const start = await (await fetch("/playground/start.json")).json();
const { scenarios, policies, mode, fhirServers, endpoint } = start;
configure({ baseUrl: start.baseUrl });

/** Distinct records of all scenarios, by source: these can be added to a chart. */
const palette = Object.fromEntries(
  SOURCES.map(({ key }) => {
    const records = scenarios.flatMap(({ call }) => resourcesIn(call.prefetch[key]));
    const distinct = new Map(records.map(({ id, ...record }) => [JSON.stringify(record), record]));
    return [key, [...distinct.values()]];
  }),
);

/** The current order-sign request, with any what-if changes. */
let call = structuredClone(scenarios[0].call);
/** The scenario that the request started from, or undefined. */
let shown = scenarios[0];
/** Counts requests, so that a late response to an earlier one is not shown. */
let latest = 0;

function drawPage() {
  fill("order", drawOrders(call));
  fill("records", drawChart(call, palette, whatIf));
}

/** @param current the scenario, or undefined for a custom request */
function show(next, story, current) {
  latest += 1; // a pending response belongs to the previous request
  call = next;
  shown = current;
  forgetWithheld();
  for (const button of document.querySelectorAll("#patients button")) {
    button.setAttribute("aria-current", String(button.dataset.id === current?.id));
  }
  history.replaceState(undefined, "", current ? `?scenario=${encodeURIComponent(current.id)}` : location.pathname);
  fill("story", story);
  fill("status");
  say("Not signed yet", "Press Sign to check the policy.");
  fill("changed");
  fill("why");
  fill("exchange", element("p", { class: "quiet" }, "No request yet."));
  drawPage();
}

function choose(scenario) {
  show(structuredClone(scenario.call), scenario.story, scenario);
}

/** In place of a card: what happened instead. */
function say(heading, text) {
  fill("answer", element("div", { class: "none" }, element("strong", {}, heading), text));
}

/** Changes the request and sends it again. Keeps the focus, though the chart is redrawn. */
function whatIf(change) {
  const { id, ariaLabel } = document.activeElement ?? {};
  const next = structuredClone(call);
  change(next);
  call = next;
  const reset = () => (shown ? choose(shown) : undefined);
  fill(
    "story",
    "What if: the chart has been changed. ",
    shown && element("button", { type: "button", class: "small", on: { click: reset } }, "Reset"),
  );
  fill("changed");
  drawPage();
  const again = id
    ? document.getElementById(id)
    : ariaLabel && document.querySelector(`[aria-label="${CSS.escape(ariaLabel)}"]`);
  (again || document.getElementById("sign")).focus();
  void sign();
}

async function sign() {
  latest += 1;
  const turn = latest;
  const request = { ...call, hookInstance: crypto.randomUUID() };
  fill("status", "Checking …");
  const answer = await post(endpoint, request);
  if (turn !== latest) return;
  drawExchange(endpoint, request, answer);
  drawAnswer(answer);
  const explained = await post("/playground/explain", request);
  if (turn !== latest) return;
  fill("why", explained.status === 200 && drawWhy(explained.body));
}

function drawAnswer(answer) {
  if (answer.status === 412) {
    fill("status", "The policy could not answer.");
    const why = "Without medications or allergies, the policy cannot be applied.";
    return say("Not enough data", `${why} For the integrator: ${diagnosticsOf(answer)}`);
  }
  if (answer.status !== 200) {
    fill("status", "The policy could not answer.");
    return say("The request failed", diagnosticsOf(answer));
  }
  const { cards } = answer.body;
  if (cards.length === 0) {
    fill("status", "Signed.");
    return say("No card", "The order is signed without interrupting the prescriber.");
  }
  fill("status", cards.length === 1 ? "The policy returned a card." : `The policies returned ${cards.length} cards.`);
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
  say("Changed", "The new order is shown below. Sign again to recheck it.");
  document.getElementById("sign").focus();
  await sendFeedback({ card: card.uuid, outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] });
}

async function dismiss(card, reason) {
  say("Dismissed", "The order is signed as written.");
  await sendFeedback({ card: card.uuid, outcome: "overridden", ...(reason && { overrideReason: { reason } }) });
}

async function sendFeedback(feedback) {
  latest += 1;
  const turn = latest;
  const body = { feedback: [{ ...feedback, outcomeTimestamp: new Date().toISOString() }] };
  const answer = await post(`${endpoint}/feedback`, body);
  if (turn !== latest) return;
  drawExchange(`${endpoint}/feedback`, body, answer);
  const kept = feedback.overrideReason ? "Feedback and reason saved." : "Feedback saved.";
  fill("status", answer.status === 200 ? kept : `Feedback was not saved. ${diagnosticsOf(answer)}`);
}

/** On a narrow screen, scrolls to the result. */
function bringIntoView(id) {
  if (matchMedia("(max-width: 72rem)").matches) document.getElementById(id).closest("section").scrollIntoView();
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
  void sign().then(() => bringIntoView("answer"));
});
drawOwn({
  fhirServers,
  current: () => call,
  use: (own) => {
    show(own, "Your own request.");
    document.getElementById("order").closest("section").scrollIntoView();
  },
});
if (mode === "registered") {
  const notice = document.getElementById("notice");
  notice.textContent =
    "This service answers registered clients only. To sign this page's requests, enter a demonstration key below.";
  notice.hidden = false;
  drawKey();
}
const wanted = new URLSearchParams(location.search).get("scenario");
choose(scenarios.find(({ id }) => id === wanted) ?? scenarios[0]);
