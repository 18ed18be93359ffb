// Custom requests: pasted, edited, or built for a patient on a FHIR server that the service may call. And a key to sign
// requests with.
import { element, fill } from "./dom.js";
import { configure } from "./exchange.js";
import { signToken } from "./token.js";

/**
 * @param fhirServers base URLs that the service may call
 * @param current returns the order-sign request on the page
 * @param use called with the request to show instead
 */
export function drawOwn({ fhirServers, current, use }) {
  // Pasted or edited text stays, even if the section is closed and reopened.
  let isTouched = false;
  const touch = () => {
    isTouched = true;
  };
  const text = element("textarea", { id: "own-json", spellcheck: false, on: { input: touch } });
  const status = element("p", { role: "status" });
  const show = () => {
    text.value = JSON.stringify(current(), null, 2);
    isTouched = false;
  };
  const take = () => {
    let own;
    try {
      own = JSON.parse(text.value);
    } catch (error) {
      status.textContent = `Not JSON: ${error.message}`;
      return;
    }
    if (!Array.isArray(own?.context?.draftOrders?.entry)) {
      status.textContent = "Not an order-sign request: it has no entries in context.draftOrders.";
      return;
    }
    use(own);
    status.textContent = "Now showing this request.";
  };
  fill(
    "own-form",
    element("label", { for: "own-json" }, "Order-sign request as JSON: paste one, or edit the current one"),
    text,
    element(
      "p",
      { class: "actions" },
      element("button", { type: "button", on: { click: take } }, "Use this request"),
      element("button", { type: "button", on: { click: show } }, "Load the current request"),
      status,
    ),
    drawServer(fhirServers, current, use),
  );
  // Before the section opens. The toggle event fires later, possibly while the text is being replaced.
  document.querySelector("#own summary").addEventListener("click", () => {
    if (!isTouched) show();
  });
}

function drawServer(fhirServers, current, use) {
  if (fhirServers.length === 0) {
    return element(
      "p",
      { class: "quiet" },
      "The service may not call any FHIR server. List servers in FHIR_SERVERS to choose one here.",
    );
  }
  const server = element(
    "select",
    { id: "own-server" },
    ...fhirServers.map((url) => element("option", { value: url }, url)),
  );
  const patient = element("input", { id: "own-patient", placeholder: "e.g., 123" });
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
    element("h3", {}, "Or use real records from a FHIR server"),
    element("label", { for: server.id }, "FHIR server"),
    server,
    element("label", { for: patient.id }, "Patient id"),
    patient,
    element("label", { for: token.id }, "Access token, if the server requires one"),
    token,
    element("p", {}, element("button", { type: "button", on: { click: build } }, "Use this patient")),
  );
}

export function drawKey() {
  const issuer = element("input", { id: "key-issuer", value: "https://sandbox.cds-hooks.org" });
  const key = element("textarea", { id: "key-jwk", spellcheck: false });
  const status = element("p", { role: "status" });
  const use = async () => {
    try {
      const demonstration = { issuer: issuer.value, key: JSON.parse(key.value) };
      await signToken(demonstration, location.href);
      configure({ demonstration });
      status.textContent = "Requests are now signed.";
      document.getElementById("notice").hidden = true;
    } catch (error) {
      status.textContent = `Not a private JSON Web Key: ${error.message}`;
    }
  };
  fill(
    "key-form",
    element(
      "p",
      { class: "quiet" },
      "Only a key that is already public, of a client registered with demonstration: true. It never leaves this page.",
    ),
    element("label", { for: issuer.id }, "Issuer"),
    issuer,
    element("label", { for: key.id }, "Private JSON Web Key"),
    key,
    element("p", {}, element("button", { type: "button", on: { click: use } }, "Use this key")),
    status,
  );
  document.getElementById("key").hidden = false;
}
