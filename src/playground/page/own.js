// Requests of one's own: pasted, edited, or built for a patient of a FHIR server that the service may call; and a key to sign them with.
import { element, fill } from "./dom.js";
import { configure } from "./exchange.js";
import { signToken } from "./token.js";

/**
 * @param fhirServers base URLs that the service may call
 * @param current gives the order-sign call that is shown
 * @param use called with the call to show instead
 */
export function drawOwn({ fhirServers, current, use }) {
  // What a person pastes or edits stays, also when the section is closed and opened again.
  let isTouched = false;
  const touch = () => {
    isTouched = true;
  };
  const text = element("textarea", { id: "own-json", spellcheck: false, on: { input: touch } });
  const told = element("p", { role: "status" });
  const show = () => {
    text.value = JSON.stringify(current(), null, 2);
    isTouched = false;
  };
  const take = () => {
    let own;
    try {
      own = JSON.parse(text.value);
    } catch (error) {
      told.textContent = `Not JSON: ${error.message}`;
      return;
    }
    if (!Array.isArray(own?.context?.draftOrders?.entry)) {
      told.textContent = "Not an order-sign call: it has no context.draftOrders with entries.";
      return;
    }
    use(own);
    told.textContent = "This request is shown now.";
  };
  fill(
    "own-form",
    element("label", { for: "own-json" }, "An order-sign call as JSON: paste one, or edit the one that is shown"),
    text,
    element(
      "p",
      { class: "actions" },
      element("button", { type: "button", on: { click: take } }, "Use this request"),
      element("button", { type: "button", on: { click: show } }, "Show the present one here"),
      told,
    ),
    drawServer(fhirServers, current, use),
  );
  // The event comes later than the section is open, and may come after a paste.
  document.getElementById("own").addEventListener("toggle", () => {
    if (!isTouched) show();
  });
}

function drawServer(fhirServers, current, use) {
  if (fhirServers.length === 0) {
    return element(
      "p",
      { class: "quiet" },
      "The service may call no FHIR server: FHIR_SERVERS names those that it may, and then one can be chosen here.",
    );
  }
  const server = element(
    "select",
    { id: "own-server" },
    ...fhirServers.map((url) => element("option", { value: url }, url)),
  );
  const patient = element("input", { id: "own-patient", placeholder: "such as 123" });
  const token = element("input", { id: "own-token", type: "password", autocomplete: "off" });
  const build = () => {
    const id = patient.value.trim();
    if (!id) return patient.focus();
    const { prefetch, ...call } = structuredClone(current());
    for (const { resource } of call.context.draftOrders.entry ?? []) resource.subject = { reference: `Patient/${id}` };
    const access = {
      access_token: token.value || "none",
      token_type: "Bearer",
      expires_in: 300,
      scope: "patient/*.read",
      subject: "playground",
    };
    use({ ...call, context: { ...call.context, patientId: id }, fhirServer: server.value, fhirAuthorization: access });
  };
  return element(
    "div",
    {},
    element("h3", {}, "Or real records: the service reads them from a FHIR server"),
    element("label", { for: server.id }, "FHIR server"),
    server,
    element("label", { for: patient.id }, "Patient id"),
    patient,
    element("label", { for: token.id }, "Access token, if the server wants one"),
    token,
    element("p", {}, element("button", { type: "button", on: { click: build } }, "Order for this patient")),
  );
}

export function drawKey() {
  const issuer = element("input", { id: "key-issuer", value: "https://sandbox.cds-hooks.org" });
  const key = element("textarea", { id: "key-jwk", spellcheck: false });
  const told = element("p", { role: "status" });
  const use = async () => {
    try {
      const demonstration = { issuer: issuer.value, key: JSON.parse(key.value) };
      await signToken(demonstration, location.href);
      configure({ demonstration });
      told.textContent = "Calls of this page are signed now.";
      document.getElementById("notice").hidden = true;
    } catch (error) {
      told.textContent = `Not a private JSON Web Key: ${error.message}`;
    }
  };
  fill(
    "key-form",
    element(
      "p",
      { class: "quiet" },
      "Only a key that is public anyway, of a client registered with demonstration: true. It stays in this page.",
    ),
    element("label", { for: issuer.id }, "Issuer"),
    issuer,
    element("label", { for: key.id }, "Private JSON Web Key"),
    key,
    element("p", {}, element("button", { type: "button", on: { click: use } }, "Sign with it")),
    told,
  );
  document.getElementById("key").hidden = false;
}
