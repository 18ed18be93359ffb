// The playground in a real browser: each made-up patient gets the answer that the policy's cases promise, and what one can do with a card
// does what it says.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { exportJWK } from "jose";
import type { Browser, Page } from "playwright-core";
import { loadScenarios, type Scenario } from "../../src/cases/scenarios.ts";
import type { Feedback } from "../../src/cds-hooks/feedback.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { openBrowser } from "../support/browser.ts";
import { allergy, bundle, call, draft, EMPTY_CHART, GENERIC_400 } from "../support/calls.ts";
import { type FhirServer, startFhirServer } from "../support/fhir-server.ts";
import { forgetful, type Service, type ServiceOptions, startService } from "../support/service.ts";
import { createSigner, registered } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const scenarios = loadScenarios("cards", loadPolicies("cards"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const PATIENCE = 60_000; // milliseconds: matters only to what fails

let browser: Browser;
let ehr: FhirServer;
let service: Service;
let page: Page;
const kept: Feedback[] = [];
const elsewhere: string[] = [];
const errors: string[] = [];
const services: Service[] = [];

beforeAll(async () => {
  browser = await openBrowser();
  ehr = await startFhirServer();
  service = await start({ fhirServers: [ehr.url] });
});
beforeEach(async () => {
  kept.length = 0;
  page = await open(service, "/");
});
afterEach(async () => {
  await page.close();
  expect([errors, elsewhere]).toEqual([[], []]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all(services.map((each) => each.stop()));
  await ehr.stop();
});

async function start(options: ServiceOptions): Promise<Service> {
  const keepFeedback = async (_client: string, feedback: readonly Feedback[]) => {
    kept.push(...feedback);
    return feedback;
  };
  const playground = { scenarios, fhirServers: options.fhirServers ?? [] };
  const started = await startService({ store: { ...forgetful, keepFeedback }, playground, ...options });
  services.push(started);
  return started;
}

/** A page that notes every error, and every request to anywhere else. */
async function open({ url }: Service, path: string): Promise<Page> {
  const opened = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  opened.setDefaultTimeout(PATIENCE);
  opened.on("pageerror", (error) => errors.push(String(error)));
  opened.on("console", (message) => {
    // A refused call is shown on the page; the browser writes it to its console as well.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) errors.push(message.text());
  });
  opened.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) elsewhere.push(request.url());
  });
  await opened.goto(url + path);
  await opened.waitForSelector("#patients button");
  return opened;
}

async function sign(): Promise<void> {
  await page.click("#sign");
  await page.waitForSelector("#measured");
}
async function use(request: unknown): Promise<void> {
  await page.click("#own summary");
  await page.fill("#own-json", JSON.stringify(request));
  await page.click("text=Use this request");
}
const textOf = (selector: string) => page.locator(selector).innerText();
/** Why the policy decides as it does is asked once the answer is there. */
const untilExplained = (words: string) => until(async () => (await textOf("#why")).includes(words));
const criteria = async () => {
  await page.waitForSelector("#why .criterion");
  return page.locator("#why .criterion").count();
};

const SILENT = ["no-order", "other-payer", "authorized", "exception-established"];

test("there is a patient for each row of the decision table", () => {
  const rows = new Set(scenarios.map(({ row }) => row));
  expect(rows.size).toBe(10);
});

test.each(scenarios.map((scenario): [string, Scenario] => [`${scenario.patient}: ${scenario.row}`, scenario]))(
  "%s",
  async (_name, { id, patient, row, story }) => {
    await page.goto(`${service.url}/?scenario=${id}`);
    await page.waitForSelector('#patients [aria-current="true"]');
    expect(await textOf('#patients [aria-current="true"]')).toBe(patient);
    expect(await textOf("#story")).toBe(story);
    await sign();
    const answer = await textOf("#answer");
    if (SILENT.includes(row)) expect(answer).toContain("No card");
    else if (row === "nothing-read") expect(answer).toContain("Not enough data");
    else {
      expect(await page.locator(".card h3").count()).toBe(1);
      const indicator = row === "exception-to-confirm" ? "FOR INFORMATION" : "PLEASE REVIEW";
      expect(await textOf(".card .indicator")).toBe(indicator);
      const isOffered = (await page.locator(".card .choices button").count()) > 0;
      expect(isOffered).toBe(row === "change" && !/brand medically necessary/.test(story));
    }
    if (row === "no-order") await untilExplained("No policy applies to the draft orders");
    else expect(await criteria()).toBe(3);
  },
);

test("accepted: the order changes, both are shown, feedback arrives, and signing again gives no card", async () => {
  await sign();
  await page.click(".card .choices button");
  await page.waitForSelector("text=Feedback saved.");
  expect(await textOf(".order .drug")).toBe("imatinib 400 MG Oral Tablet");
  expect(await textOf(".order")).toContain("Take 1 tablet by mouth once daily with a meal");
  expect(await textOf("#changed .removed >> nth=0")).toContain("Gleevec");
  expect(await textOf("#changed .added >> nth=0")).toContain("403879");
  expect(kept).toMatchObject([
    { outcome: "accepted", acceptedSuggestions: [expect.stringMatching(/^[0-9a-f-]{36}$/)] },
  ]);
  await sign();
  await page.waitForSelector("text=No card");
});

test("dismissed with a reason: it arrives at the feedback endpoint", async () => {
  await sign();
  await page.selectOption("#reason", { label: "The patient declines the generic" });
  await page.click("#dismiss");
  await page.waitForSelector("text=Dismissed");
  await page.waitForSelector("text=Feedback and reason saved.");
  expect(kept).toMatchObject([{ outcome: "overridden", reason: { code: "patient-refuses" } }]);
});

/** Run in the page: resolves when the page has read the answer to feedback, and done what it does with it. */
const FEEDBACK_READ = `new Promise((resolve) => {
  const { text } = Response.prototype;
  Response.prototype.text = async function () {
    const read = await text.call(this);
    if (this.url.endsWith("/feedback")) setTimeout(resolve);
    return read;
  };
})`;

test("a late answer belongs to the patient who was shown, and a double click answers a card once", async () => {
  const { promise: isWanted, resolve: letThrough } = Promise.withResolvers<void>();
  await page.route("**/feedback", async (route) => {
    await isWanted;
    await route.continue();
  });
  const isRead = page.evaluate(FEEDBACK_READ);
  await sign();
  await page.dblclick(".card .choices button");
  await page.click("text=Hugo Brandt");
  letThrough();
  await isRead;
  expect(await textOf("#answer")).toContain("Not signed yet");
  expect(await textOf("#status")).toBe("");
  expect(kept).toHaveLength(1);
});

test("feedback that is not kept is not said to be kept", async () => {
  await page.route("**/feedback", (route) =>
    route.fulfill({ status: 503, body: '{"issue":[{"diagnostics":"try again"}]}' }),
  );
  await page.click("text=Elena Petrova");
  await sign();
  await page.click("#dismiss");
  await page.waitForSelector("text=Feedback was not saved. try again");
  expect(await textOf("#answer")).not.toContain("saved");
  errors.length = 0; // the browser's own line about 503
});

describe("what if", () => {
  test("what is not sent comes back when it is sent again, and Reset brings back the patient's own chart", async () => {
    await page.click("text=Carla Nilsen");
    await page.uncheck("#received-allergies");
    await page.waitForSelector("text=Not received: allergies.");
    await untilExplained("one-click change: not received");
    await page.check("#received-allergies");
    await page.waitForSelector("text=Caution: Recorded reaction to titanium dioxide");
    expect(await textOf("#story")).toContain("What if");
    expect(await page.evaluate("document.activeElement.id")).toBe("received-allergies");
    await page.click("text=Reset");
    expect(await textOf("#story")).toContain("Reacts severely to titanium dioxide");
  });

  test("a record that counts is not held against itself", async () => {
    await page.click("text=Carla Nilsen");
    await sign();
    await page.click("#why summary >> text=Serious reaction");
    const text = await textOf("#why .criterion >> nth=2");
    expect(text.match(/Selected: AllergyIntolerance\/allergies-1/g)).toHaveLength(1);
  });

  test("a severe reaction is made mild, taken out and put in again", async () => {
    await page.click("text=Carla Nilsen");
    await sign();
    await page.waitForSelector("text=found: titanium dioxide, severe");
    await page.selectOption('[aria-label="Severity of the reaction to titanium dioxide"]', "mild");
    await page.waitForSelector("text=needs documentation: titanium dioxide, mild");
    await page.click('[aria-label="Remove titanium dioxide"]');
    await page.waitForSelector(".card .choices button");
    await page.selectOption('[aria-label="Add to: Allergies and intolerances"]', {
      label: "titanium dioxide, active, 2025-04-02",
    });
    await page.waitForSelector("text=Caution: Recorded reaction to titanium dioxide");
    expect(await page.locator(".card .choices button").count()).toBe(0);
  });

  test("another payer silences, and allergies that are not sent withhold the click", async () => {
    await sign();
    await page.fill('[aria-label="Payer"]', "Example Health Plan");
    await page.press('[aria-label="Payer"]', "Tab");
    await page.waitForSelector("text=No card");
    await page.fill('[aria-label="Payer"]', "Cigna");
    await page.press('[aria-label="Payer"]', "Tab");
    await page.waitForSelector(".card .choices button");
    await page.uncheck("#received-allergies");
    await page.waitForSelector("text=Not received: allergies.");
    expect(await page.locator(".card .choices button").count()).toBe(0);
  });

  test("why: each criterion shows its FHIRPath and the records that it selected", async () => {
    await page.click("text=Ben Okafor");
    await sign();
    await page.click("#why summary >> text=Tried generic imatinib tablets");
    const text = await textOf("#why .criterion >> nth=1");
    expect(text).toContain("%medicationStatements.where(");
    expect(text).toContain("Selected: MedicationStatement/medicationStatements-1");
  });
});

test("behind the scenes: request and answer, status and time", async () => {
  await sign();
  expect(await textOf("#measured")).toMatch(/POST \/cds-services\/preferred-product-order-sign: status 200, \d+ ms/);
  await page.click("text=Request and response");
  expect(await textOf('[aria-label="Request"]')).toContain('"hook": "order-sign"');
  expect(await textOf('[aria-label="Response"]')).toContain('"selectionBehavior": "any"');
});

describe("bring your own", () => {
  test("a request that is pasted", async () => {
    await use(call([draft({ medicationCodeableConcept: GENERIC_400 })]));
    await sign();
    await page.waitForSelector("text=No card");
    expect(await textOf("#story")).toBe("Your own request.");
  });

  const edited = JSON.stringify(call());
  const own = () => page.inputValue("#own-json");

  test("what is pasted before the browser tells that the section is open stays", async () => {
    await page.evaluate(`new Promise((resolve) => {
      const section = document.getElementById("own");
      section.addEventListener("toggle", resolve);
      section.open = true;
      const text = document.getElementById("own-json");
      text.value = ${JSON.stringify(edited)};
      text.dispatchEvent(new Event("input"));
    }).then(() => undefined)`);
    expect(await own()).toBe(edited);
  });

  test("a paste that begins before the browser reports that the section is open replaces all of the text", async () => {
    await page.evaluate(`new Promise((resolve) => {
      const text = document.getElementById("own-json");
      document.getElementById("own").addEventListener("toggle", () => {
        document.execCommand("insertText", false, ${JSON.stringify(edited)});
        resolve();
      });
      document.querySelector("#own summary").click();
      text.focus();
      text.select();
    })`);
    expect(await own()).toBe(edited);
  });

  test("an edit stays when the section is closed and opened again; until there is one, the call that is shown stands there", async () => {
    const toggle = async () => {
      const toggled = page.evaluate(
        'new Promise((resolve) => document.getElementById("own").addEventListener("toggle", () => resolve(), { once: true }))',
      );
      await page.click("#own summary");
      await toggled;
    };
    await toggle();
    const first = await own();
    await toggle();
    await page.click("text=Ben Okafor");
    await toggle();
    expect(await own()).not.toBe(first);
    await page.fill("#own-json", edited);
    await toggle();
    await page.click("text=Carla Nilsen");
    await toggle();
    expect(await own()).toBe(edited);
    await page.click("text=Load the current request");
    expect(await own()).not.toBe(edited);
  });

  test("JSON that is none, and a call that is none, are told", async () => {
    await page.click("#own summary");
    await page.fill("#own-json", "{");
    await page.click("text=Use this request");
    await page.waitForSelector("text=Not JSON:");
    await page.fill("#own-json", "{}");
    await page.click("text=Use this request");
    await page.waitForSelector("text=Not an order-sign request");
    await page.fill("#own-json", JSON.stringify({ ...call(), hook: "patient-view" }));
    await page.click("text=Use this request");
    await sign();
    await page.waitForSelector('text=must be "order-sign"');
  });

  test("real records of a FHIR server that the service may call", async () => {
    const patient = await ehr.create({ resourceType: "Patient" });
    const { id, ...severe } = allergy({ patient: { reference: `Patient/${patient.id}` } });
    await ehr.create({ ...severe, code: { text: "titanium dioxide" } });
    await page.click("#own summary");
    await page.fill("#own-patient", patient.id);
    await page.click("text=Use this patient");
    await sign();
    await page.waitForSelector("text=Recorded reaction to titanium dioxide");
  });
});

test("text of a record stays text, wherever it is drawn", async () => {
  const attack = '<img src=x onerror="document.title=1">[click](javascript:alert(1))<script>document.title=1</script>';
  const reaction = allergy({ code: { text: `lactose ${attack}` } });
  const order = draft({
    dosageInstruction: [{ text: attack }],
    reasonCode: [{ text: attack }],
    note: [{ text: attack }],
  });
  await use(
    call([order], {
      ...EMPTY_CHART,
      allergies: bundle(reaction),
      coverage: bundle({
        resourceType: "Coverage",
        status: "active",
        beneficiary: { reference: "Patient/case-patient" },
        payor: [{ display: `Cigna ${attack}` }],
      }),
    }),
  );
  await sign();
  await page.waitForSelector(".card");
  expect(
    await page.locator(".card img, .card script, .chart img, .chart script, #answer a[href^=javascript]").count(),
  ).toBe(0);
  expect(await page.title()).toBe("Preferred product at order signing");
  expect(await textOf(".chart")).toContain("<img src=x");
});

test("by keyboard alone: a patient, Sign, the card, accept, sign again", async () => {
  const tabTo = async (selector: string) => {
    for (let steps = 0; steps < 60; steps += 1) {
      if (await page.evaluate(`document.activeElement === document.querySelector("${selector}")`)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab never reached ${selector}`);
  };
  await tabTo("#patients li:nth-child(2) button");
  await page.keyboard.press("Enter");
  expect(await textOf('#patients [aria-current="true"]')).toBe("Ben Okafor, 64");
  await tabTo("#sign");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".card");
  await tabTo(".card .choices button");
  const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth");
  expect(outline).toBe("3px");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Feedback saved.");
  // The focus is on Sign.
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=No card");
});

describe("accessible", () => {
  const violations = async () => {
    await page.evaluate(axe);
    const found = await page.evaluate(() =>
      (
        globalThis as unknown as {
          axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
    );
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  };

  test.each(["light", "dark"] as const)(
    "axe finds nothing, with card and everything open, in %s",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await page.click("text=Carla Nilsen");
      await sign();
      await page.waitForSelector(".card");
      await page.waitForSelector("#why .criterion");
      await page.evaluate('for (const section of document.querySelectorAll("details")) section.open = true');
      expect(await violations()).toEqual([]);
      await page.goto(`${service.url}/policies/imatinib-preferred`);
      expect(await violations()).toEqual([]);
    },
  );

  test("on a narrow screen nothing is cut off", async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    await sign();
    await page.waitForSelector(".card");
    expect(await page.locator(".card .indicator").isVisible()).toBe(true);
    await page.waitForFunction("document.querySelector('.card').getBoundingClientRect().top < innerHeight / 2");
    const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    expect(overflow).toBe(0);
  });
});

describe("a service with registered clients", () => {
  test("says that it cannot sign calls, and signs them with a demonstration key", async () => {
    const signer = await createSigner("https://demo.example.org");
    const clients = [registered("https://demo.example.org", [signer.publicKey], { demonstration: true })];
    const closed = await start({ clients });
    await page.close();
    page = await open(closed, "/");
    expect(await textOf("#notice")).toContain("answers registered clients only");
    await sign();
    await page.waitForSelector("text=Authorization must be Bearer");
    await page.click("#key summary");
    await page.fill("#key-issuer", "https://demo.example.org");
    await page.fill(
      "#key-jwk",
      JSON.stringify({ ...(await exportJWK(signer.privateKey)), kid: signer.kid, alg: "ES384" }),
    );
    await page.click("text=Use this key");
    await page.waitForSelector("text=Requests are now signed.");
    await sign();
    await page.waitForSelector(".card");
    expect(await criteria()).toBe(3);
  });

  test("has no page unless the operator wants one, and never tells the FHIR servers of its clients", async () => {
    const without = await start({ playground: undefined });
    for (const path of ["/", "/playground/main.js", "/playground/start.json"]) {
      expect((await fetch(without.url + path)).status).toBe(404);
    }
  });
});
