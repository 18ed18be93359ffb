// The playground plays the EHR at order entry: a patient, a draft order, Sign, the card, what is done with it.
import { drawCard } from "./card.js";
import { drawChart, drawOrders, forgetAside } from "./chart.js";
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
/** The scenario that the call began as, or undefined. */
let shown = scenarios[0];
/** Counts what was asked, so that a late answer of an earlier question is not shown. */
let asked = 0;

function drawPage() {
  fill("order", drawOrders(call));
  fill("records", drawChart(call, palette, tryOtherwise));
}

/** @param current the scenario that is shown, or undefined for a request of one's own */
function show(next, story, current) {
  asked += 1; // an answer that is still under way belongs to what was shown before
  call = next;
  shown = current;
  forgetAside();
  for (const button of document.querySelectorAll("#patients button")) {
    button.setAttribute("aria-current", String(button.dataset.id === current?.id));
  }
  history.replaceState(undefined, "", current ? `?scenario=${encodeURIComponent(current.id)}` : location.pathname);
  fill("story", story);
  fill("status");
  say("Not signed yet", "Press Sign to ask the policy.");
  fill("changed");
  fill("why");
  fill("exchange", element("p", { class: "quiet" }, "Nothing was asked yet."));
  drawPage();
}

function choose(scenario) {
  show(structuredClone(scenario.call), scenario.story, scenario);
}

/** Where a card would stand: what happened instead. */
function say(heading, text) {
  fill("answer", element("div", { class: "none" }, element("strong", {}, heading), text));
}

/** What if: changes the call and asks again. The focus stays where it was, though the chart is drawn anew. */
function tryOtherwise(change) {
  const { id, ariaLabel } = document.activeElement ?? {};
  const next = structuredClone(call);
  change(next);
  call = next;
  const reset = () => (shown ? choose(shown) : undefined);
  fill(
    "story",
    "Tried otherwise: the chart is no longer as it was. ",
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
  asked += 1;
  const turn = asked;
  const request = { ...call, hookInstance: crypto.randomUUID() };
  fill("status", "Asking …");
  const answer = await post(endpoint, request);
  if (turn !== asked) return;
  drawExchange(endpoint, request, answer);
  drawAnswer(answer);
  const explained = await post("/playground/explain", request);
  if (turn !== asked) return;
  fill("why", explained.status === 200 && drawWhy(explained.body));
}

function drawAnswer(answer) {
  if (answer.status === 412) {
    fill("status", "The policy could not answer.");
    const told = `Neither medications nor allergies were received, so the policy says nothing. For the integrator: ${diagnosticsOf(answer)}`;
    return say("Not enough was received to judge by", told);
  }
  if (answer.status !== 200) {
    fill("status", "The policy could not answer.");
    return say("The call was not answered", diagnosticsOf(answer));
  }
  const { cards } = answer.body;
  if (cards.length === 0) {
    fill("status", "Signed.");
    return say("No card", "The order is signed, and the prescriber is not interrupted.");
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
  say("Changed", "The order is as shown below. Sign again to ask the policy once more.");
  document.getElementById("sign").focus();
  await sendFeedback({ card: card.uuid, outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] });
}

async function dismiss(card, reason) {
  say("Dismissed", "The order is signed as it was written.");
  await sendFeedback({ card: card.uuid, outcome: "overridden", ...(reason && { overrideReason: { reason } }) });
}

async function sendFeedback(feedback) {
  asked += 1;
  const turn = asked;
  const body = { feedback: [{ ...feedback, outcomeTimestamp: new Date().toISOString() }] };
  const answer = await post(`${endpoint}/feedback`, body);
  if (turn !== asked) return;
  drawExchange(`${endpoint}/feedback`, body, answer);
  const kept = feedback.overrideReason
    ? "The service has kept the feedback and its reason."
    : "The service has kept the feedback.";
  fill("status", answer.status === 200 ? kept : `Feedback was not kept. ${diagnosticsOf(answer)}`);
}

/** On a narrow screen what is asked for is elsewhere: it is brought into view. */
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
    show(own, "A request of your own.");
    document.getElementById("order").closest("section").scrollIntoView();
  },
});
if (mode === "registered") {
  const notice = document.getElementById("notice");
  notice.textContent =
    "This service answers registered clients only, and the page cannot sign calls for one: give it a demonstration key below, or its calls are refused.";
  notice.hidden = false;
  drawKey();
}
const wanted = new URLSearchParams(location.search).get("scenario");
choose(scenarios.find(({ id }) => id === wanted) ?? scenarios[0]);
