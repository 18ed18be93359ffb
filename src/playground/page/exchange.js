// Calls the service, and shows the last request and response as sent.
import { element, fill } from "./dom.js";
import { signToken } from "./token.js";

/** Set if requests have to be signed. */
let demonstration;
let baseUrl = "";

export function configure(settings) {
  if ("demonstration" in settings) demonstration = settings.demonstration;
  if ("baseUrl" in settings) baseUrl = settings.baseUrl;
}

/** @returns {{ status: number, body: unknown, milliseconds: number }} status 0 if there was no response */
export async function post(path, body) {
  const headers = { "content-type": "application/json" };
  const start = performance.now();
  try {
    if (demonstration) headers.authorization = `Bearer ${await signToken(demonstration, baseUrl + path)}`;
    const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    const milliseconds = Math.round(performance.now() - start);
    return { status: response.status, body: text ? JSON.parse(text) : undefined, milliseconds };
  } catch (error) {
    return {
      status: 0,
      body: { issue: [{ diagnostics: String(error) }] },
      milliseconds: Math.round(performance.now() - start),
    };
  }
}

/** Why there are no cards. */
export function diagnosticsOf({ status, body }) {
  return body?.issue?.map(({ diagnostics }) => diagnostics).join(" ") ?? `The service answered ${status}.`;
}

export function drawExchange(path, request, answer) {
  const requestText = JSON.stringify(request, null, 2);
  const answerText = answer.body === undefined ? "(empty)" : JSON.stringify(answer.body, null, 2);
  const copied = element("span", { role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(curlFor(path, request));
      copied.textContent = demonstration ? "Copied, without its token." : "Copied.";
    } catch {
      copied.textContent = "The browser blocked copying: the request is below.";
    }
  };
  fill(
    "exchange",
    element(
      "p",
      { id: "measured" },
      `POST ${path}: status ${answer.status}, ${answer.milliseconds} ms. `,
      element("button", { type: "button", on: { click: copy } }, "Copy as curl"),
      " ",
      copied,
    ),
    element(
      "details",
      {},
      element("summary", {}, "Request and response"),
      element(
        "div",
        { class: "exchange" },
        element(
          "div",
          {},
          element("h3", {}, "Request"),
          element("pre", { tabIndex: 0, "aria-label": "Request" }, requestText),
        ),
        element(
          "div",
          {},
          element("h3", {}, "Response"),
          element("pre", { tabIndex: 0, "aria-label": "Response" }, answerText),
        ),
      ),
    ),
  );
}

function curlFor(path, body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s '${new URL(path, location.href).href}' -H 'Content-Type: application/json' -d '${quoted}'`;
}
