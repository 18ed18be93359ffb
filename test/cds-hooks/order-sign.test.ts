// The order-sign call over HTTP: which orders are recognised, which rows give which card, and what the card offers.

import { callOfCase, loadCases } from "../../src/cases/cases.ts";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import {
  allergy,
  bundle,
  call,
  coded,
  draft,
  draftOf,
  EMPTY_CHART,
  GENERIC_400,
  NDC,
  PATIENT,
  RXNORM,
  statement,
} from "../support/calls.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** What the one suggestion of the one card does. */
async function actionOf(request: unknown) {
  const [card] = await service.cards(request);
  return card?.suggestions?.[0]?.actions[0];
}

describe("the card of each case of the policy", () => {
  const SILENT = ["no-order", "other-payer", "authorized", "exception-established"];
  const WITH_CHANGE = ["replace", "remove"];

  test.each(loadCases("cards/imatinib-preferred").map((given) => [given.name, given] as const))(
    "%s",
    async (_name, given) => {
      const { row, changes = [] } = given.expect;
      const { status, body } = await service.orderSign(callOfCase(given));
      if (row === "nothing-read") {
        expect(status).toBe(412);
        return;
      }
      expect(status).toBe(200);
      const { cards } = body as { cards: { indicator: string; suggestions?: unknown[] }[] };
      if (SILENT.includes(row)) {
        expect(cards).toEqual([]);
        return;
      }
      expect(cards).toHaveLength(1);
      expect(cards[0]?.indicator).toBe(row === "exception-to-confirm" ? "info" : "warning");
      const suggestions = row === "change" ? (changes.length > 0 ? changes : ["replace"]) : [];
      expect(cards[0]?.suggestions?.length ?? 0).toBe(
        suggestions.filter((change) => WITH_CHANGE.includes(change)).length,
      );
    },
  );
});

describe("recognising the drug of an order", () => {
  const medication = { resourceType: "Medication", id: "med-1", code: coded(RXNORM, "404589") };
  const reference = (target: string, display?: string) => ({
    medicationReference: { reference: target, ...(display && { display }) },
  });
  const concept = (...coding: unknown[]) => ({ medicationCodeableConcept: { coding } });

  test.each([
    ["RxNorm by OID", concept({ system: "urn:oid:2.16.840.1.113883.6.88", code: "404589" })],
    [
      "a coding that is not the first",
      concept(
        { system: "urn:vendor", code: "1" },
        { system: RXNORM, code: "282388" },
        { system: RXNORM, code: "404589" },
      ),
    ],
    [
      "a brand code beside the generic's",
      concept({ system: RXNORM, code: "403879" }, { system: RXNORM, code: "404589" }),
    ],
    [
      "text, when no coding is known",
      { medicationCodeableConcept: { text: "GLEEVEC 400 mg tablet", coding: [{ system: RXNORM, code: "835603" }] } },
    ],
    [
      "the display of an unknown coding",
      concept({ system: "urn:vendor", code: "1", display: "Gleevec 400 MG Oral Tablet" }),
    ],
    [
      "RxNorm's name of the brand, as text",
      { medicationCodeableConcept: { text: "imatinib 400 MG Oral Tablet [Gleevec]" } },
    ],
    ["a contained Medication", { ...reference("#med-1"), contained: [medication] }],
    ["a contained Medication referred to without #", { ...reference("Medication/med-1"), contained: [medication] }],
    ["the display of a reference", reference("Medication/elsewhere", "Gleevec 400 MG Oral Tablet")],
  ])("%s", async (_name, parts) => {
    const action = await actionOf(call([draftOf(parts)]));
    expect(action?.resource).toMatchObject({
      medicationCodeableConcept: { coding: [{ system: RXNORM, code: "403879" }] },
    });
  });

  test("a Medication in the same Bundle", async () => {
    expect(await actionOf(call([medication, draftOf(reference("Medication/med-1"))]))).toMatchObject({
      type: "update",
    });
  });

  test("a Medication in the same Bundle, by urn:uuid", async () => {
    const request = call([draftOf(reference("urn:uuid:7"))]);
    const { draftOrders } = request.context as { draftOrders: { entry: unknown[] } };
    draftOrders.entry.push({ fullUrl: "urn:uuid:7", resource: medication });
    expect(await actionOf(request)).toMatchObject({ type: "update" });
  });

  test("a Medication in prefetch, under a key that discovery names and no other", async () => {
    const under = (key: string) =>
      call([draftOf(reference("Medication/med-1/_history/3"))], { ...EMPTY_CHART, [key]: bundle(medication) });
    for (const key of ["medicationDispenses", "-medicationDispenses"]) {
      expect(await actionOf(under(key))).toMatchObject({ type: "update" });
    }
    expect(await service.cards(under("other"))).toEqual([]);
  });

  test("an absolute reference to the calling EHR, not to another server", async () => {
    const at = (server: string) =>
      call(
        [draftOf(reference(`${server}/Medication/med-1`))],
        { ...EMPTY_CHART, medicationDispenses: medication },
        { fhirServer: "https://ehr.example.org/fhir" },
      );
    expect(await actionOf(at("https://ehr.example.org/fhir"))).toMatchObject({ type: "update" });
    expect(await service.cards(at("https://other.example.org/fhir"))).toEqual([]);
  });

  test.each([
    ["10 digits, 4-4-2", "0078-0401-34"],
    ["11 digits with hyphens", "00078-0401-34"],
    ["11 digits", "00078040134"],
    ["10 digits without hyphens, one known reading", "0078040134"],
    ["another package", "0078-0401-05"],
    ["the product alone", "0078-0401"],
    ["the product alone, 5-4", "00078-0401"],
    ["a repackager, 5-4-1", "54868-5289-1"],
  ])("NDC: %s", async (_name, code) => {
    const spoken = { medicationCodeableConcept: { text: "Gleevec 100 MG", coding: [{ system: NDC, code }] } };
    expect(await actionOf(call([draftOf(spoken)]))).toMatchObject({ type: "update" });
  });

  test.each([
    ["another drug", { medicationCodeableConcept: { text: "lisinopril 10 MG Oral Tablet" } }],
    ["no drug at all", {}],
    ["an NDC of another product", { medicationCodeableConcept: coded(NDC, "0078-0649-30") }],
    ["a code without its system", { medicationCodeableConcept: { coding: [{ code: "404589" }] } }],
    ["a reference that leads nowhere", reference("Medication/nowhere")],
    [
      "the ingredient by code, the brand only by text",
      { medicationCodeableConcept: { text: "imatinib (GLEEVEC) tablet 400 mg", ...coded(RXNORM, "282388") } },
    ],
  ])("no card for %s", async (_name, parts) => {
    expect(await service.cards(call([draftOf(parts)]))).toEqual([]);
  });
});

describe("the drafts of a call", () => {
  test("every draft is looked at, wherever it stands", async () => {
    const other = draftOf({ medicationCodeableConcept: { text: "aspirin" } }, { id: "draft-0" });
    const [card] = await service.cards(
      call([other, draft(), draft({ id: "draft-2", medicationCodeableConcept: coded(RXNORM, "404588") })]),
    );
    expect(card?.extension?.["davinci-crd.associated-resource"].map(({ reference }) => reference)).toEqual([
      "MedicationRequest/draft-1",
      "MedicationRequest/draft-2",
    ]);
    expect(card?.detail).toContain("**Gleevec 400 mg**, **Gleevec 100 mg**");
    expect(card?.suggestions?.map(({ label }) => label)).toEqual([
      "Change to imatinib 400 MG Oral Tablet",
      "Change to imatinib 100 MG Oral Tablet",
    ]);
  });

  test("ill-formed entries are counted and fail nothing", async () => {
    const request = call([null, "text", { resourceType: 7 }, draft()]);
    (request.context as { draftOrders: { entry: unknown[] } }).draftOrders.entry.push(null, 7);
    expect(await service.cards(request)).toHaveLength(1);
    expect(service.log.at(-1)).toContain('"illFormedDrafts":5');
  });

  test("drafts of another patient are ignored and counted", async () => {
    expect(await service.cards(call([draft({ subject: { reference: "Patient/someone-else" } })]))).toEqual([]);
    expect(service.log.at(-1)).toContain('"draftsOfAnotherPatient":1');
    expect(service.log.at(-1)).not.toContain("someone-else");
  });

  test("an absolute reference to the patient is the patient's", async () => {
    const subject = { reference: `https://ehr.example.org/fhir/Patient/${PATIENT}` };
    expect(await service.cards(call([draft({ subject })]))).toHaveLength(1);
  });

  test("a re-signed order is active, and is not its own history", async () => {
    const resigned = draft({ status: "active" });
    const [card] = await service.cards(call([resigned], { ...EMPTY_CHART, medicationRequests: bundle(resigned) }));
    expect(card?.detail).toContain("Tried generic imatinib tablets: **not found**");
  });

  test("a generic that is signed again is not its own evidence", async () => {
    const generic = draft({ id: "draft-2", status: "active", medicationCodeableConcept: GENERIC_400 });
    const [card] = await service.cards(
      call([draft(), generic], { ...EMPTY_CHART, medicationRequests: bundle(generic) }),
    );
    expect(card?.detail).toContain("Tried generic imatinib tablets: **not found**");
  });
});

describe("the change in one click", () => {
  const rich = draft({
    text: { status: "generated", div: "<div>Gleevec</div>" },
    contained: [
      { resourceType: "Medication", id: "m", code: coded(RXNORM, "404589") },
      { resourceType: "Practitioner", id: "p" },
    ],
    extension: [
      { url: "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information", extension: [] },
      { url: "http://example.org/kept", valueBoolean: true },
    ],
    substitution: { allowedBoolean: false },
    dosageInstruction: [{ text: "One tablet daily" }],
    dispenseRequest: { quantity: { value: 30 }, numberOfRepeatsAllowed: 2 },
    reasonCode: [{ text: "CML" }],
    requester: { reference: "#p" },
    unknownElement: { kept: true },
  });

  test("updates the draft by id, and keeps all but what speaks of the brand", async () => {
    const { medicationCodeableConcept, ...referring } = rich;
    const sent = { ...referring, medicationReference: { reference: "#m" } };
    const action = await actionOf(call([sent]));
    expect(action?.type).toBe("update");
    expect(action?.resource).toEqual({
      resourceType: "MedicationRequest",
      id: "draft-1",
      status: "draft",
      intent: "order",
      subject: rich.subject,
      contained: [{ resourceType: "Practitioner", id: "p" }],
      extension: [{ url: "http://example.org/kept", valueBoolean: true }],
      medicationCodeableConcept: {
        coding: [{ system: RXNORM, code: "403879", display: "imatinib 400 MG Oral Tablet" }],
        text: "imatinib 400 MG Oral Tablet",
      },
      dosageInstruction: [{ text: "One tablet daily" }],
      dispenseRequest: { quantity: { value: 30 }, numberOfRepeatsAllowed: 2 },
      reasonCode: [{ text: "CML" }],
      requester: { reference: "#p" },
      unknownElement: { kept: true },
    });
    expect(action?.description).toContain("instead of Gleevec 400 mg");
    expect(action?.description).toContain("The instruction not to substitute is removed");
  });

  test("after it is accepted, signing again gives no card", async () => {
    const action = await actionOf(call([rich]));
    expect(await service.cards(call([action?.resource]))).toEqual([]);
  });

  test("a permission to substitute stays", async () => {
    const action = await actionOf(call([draft({ substitution: { allowedBoolean: true } })]));
    expect(action?.resource?.substitution).toEqual({ allowedBoolean: true });
    expect(action?.description).not.toContain("substitute is removed");
  });

  test("the generic is ordered already, same strength and dosage: the brand is removed", async () => {
    const dosageInstruction = [{ text: "One tablet daily" }];
    const generic = draft({ id: "draft-2", medicationCodeableConcept: GENERIC_400, dosageInstruction });
    const action = await actionOf(call([draft({ dosageInstruction }), generic]));
    expect(action).toMatchObject({ type: "delete", resourceId: "MedicationRequest/draft-1" });
    expect(action).not.toHaveProperty("resource");
  });

  test.each([
    ["the draft has no id", [draft({ id: undefined })], "the draft has no id"],
    [
      "the strength is not told",
      [draftOf({ medicationCodeableConcept: { text: "Gleevec" } })],
      "the strength is not certain",
    ],
    ["a note asks for the brand", [draft({ note: [{ text: "DAW" }] })], "ask for the brand"],
    ["a note names the brand", [draft({ note: [{ text: "As Gleevec before" }] })], "name Gleevec"],
    [
      "a patient instruction names the brand",
      [draft({ dosageInstruction: [{ patientInstruction: "take GLEEVEC" }] })],
      "name Gleevec",
    ],
    [
      "the generic is ordered at another strength",
      [draft(), draft({ id: "draft-2", medicationCodeableConcept: coded(RXNORM, "403878") })],
      "parts of one dose",
    ],
    [
      "the dosages are not told",
      [draft(), draft({ id: "draft-2", medicationCodeableConcept: GENERIC_400 })],
      "parts of one dose",
    ],
  ])("no change when %s, and the card says why", async (_name, drafts, reason) => {
    const [card] = await service.cards(call(drafts));
    expect(card).not.toHaveProperty("suggestions");
    expect(card).not.toHaveProperty("selectionBehavior");
    expect(card?.detail).toContain(reason);
  });

  test("one order may be changed while another may not", async () => {
    const [card] = await service.cards(
      call([draft(), draftOf({ medicationCodeableConcept: { text: "Gleevec" } }, { id: "draft-2" })]),
    );
    expect(card?.suggestions).toHaveLength(1);
    expect(card?.detail).toContain("No change in one click for Gleevec: the strength is not certain");
  });

  test.each([
    ["severe", allergy()],
    ["of unknown severity", allergy({ reaction: undefined })],
    ["unconfirmed", allergy({ verificationStatus: { coding: [{ code: "unconfirmed" }] } })],
    [
      "mild, in text only",
      allergy({ code: { text: "Titanium dioxide" }, criticality: "low", reaction: [{ severity: "mild" }] }),
    ],
    [
      "to an ingredient of both products",
      allergy({ code: { text: "polyethylene glycol, talc and titanium dioxide" } }),
    ],
    ["to a class", allergy({ code: { text: "Food dye" } })],
  ])("never towards an ingredient to which a reaction is recorded: %s", async (_name, reaction) => {
    const [card] = await service.cards(call([draft()], { ...EMPTY_CHART, allergies: bundle(reaction) }));
    expect(card).not.toHaveProperty("suggestions");
    expect(card?.detail).toMatch(/^\*\*Caution:\*\*/);
  });
});

describe("what the card says", () => {
  test("the evidence, where it stands and since when", async () => {
    const chart = { ...EMPTY_CHART, allergies: bundle(allergy({ id: "ai-7", recordedDate: "2025-04-02T10:00:00Z" })) };
    const [card] = await service.cards(call([draft()], chart));
    expect(card?.detail).toContain("**found**: titanium dioxide, severe (AllergyIntolerance/ai-7, 2025-04-02)");
    expect(card?.summary).toMatch(/^Recorded reaction/);
  });

  test("payer, policy and review date; the topic; the policy page", async () => {
    const [card] = await service.cards(call());
    expect(card?.source).toEqual({
      label: "Cigna: Oncology – Imatinib Preferred Specialty Management Policy (reviewed 03/25/2026)",
      url: "http://127.0.0.1:3000/policies/imatinib-preferred",
      topic: { system: "http://terminology.hl7.org/CodeSystem/cdshooks-card-type", code: "therapy-alternatives-req" },
    });
  });

  test("for whom the policy holds, when the payer is not known", async () => {
    const cigna = {
      resourceType: "Coverage",
      status: "active",
      beneficiary: { reference: `Patient/${PATIENT}` },
      payor: [{ display: "Cigna Health and Life Insurance Company" }],
    };
    const [unknown] = await service.cards(call());
    const [known] = await service.cards(call([draft()], { ...EMPTY_CHART, coverage: bundle(cigna) }));
    expect(unknown?.detail).toContain("if this patient's plan is administered by Cigna");
    expect(known?.detail).toContain("coverage names Cigna");
  });

  test("it never says that a claim is denied, and always who decides", async () => {
    for (const given of loadCases("cards/imatinib-preferred").filter(
      ({ expect: { row } }) => row === "change" || row === "caution",
    )) {
      for (const { summary, detail } of await service.cards(callOfCase(given))) {
        expect(`${summary} ${detail}`).not.toMatch(/den(y|ied|ial)|reject|not covered/i);
        expect(detail).toContain("The plan decides coverage; this is not treatment advice.");
      }
    }
  });

  test("EXCEPTION_CARD: an established exception gets a card that says so", async () => {
    const telling = await startService({ exceptionCard: true });
    const chart = { ...EMPTY_CHART, medicationStatements: bundle(statement()), allergies: bundle(allergy()) };
    try {
      expect(await service.cards(call([draft()], chart))).toEqual([]);
      const [card] = await telling.cards(call([draft()], chart));
      expect(card).toMatchObject({ indicator: "info" });
      expect(card?.detail).toContain("Approval is for 1 year");
    } finally {
      await telling.stop();
    }
  });

  test("an exception to be confirmed: no caution about the generic first, one about the brand still", async () => {
    const lactose = allergy({ code: { text: "Lactose" } });
    const macrogol = allergy({ id: "allergy-2", code: { text: "Polyethylene glycol" } });
    const cardWith = async (...allergies: unknown[]) => {
      const chart = { ...EMPTY_CHART, medicationStatements: bundle(statement()), allergies: bundle(...allergies) };
      return (await service.cards(call([draft()], chart)))[0]?.detail;
    };
    expect(await cardWith(lactose)).not.toContain("Caution");
    expect(await cardWith(lactose, macrogol)).toMatch(
      /^\*\*Caution:\*\* Recorded reaction to Polyethylene glycol\. By our list/,
    );
  });

  test("evidence: the newest first, a note once", async () => {
    const prescribed = (id: string, authoredOn?: string) =>
      draft({ id, status: "completed", medicationCodeableConcept: GENERIC_400, authoredOn });
    const chart = bundle(prescribed("a"), prescribed("b", "2024-01-01"), prescribed("c", "2025-01-01"));
    const [card] = await service.cards(call([draft()], { ...EMPTY_CHART, medicationRequests: chart }));
    const ids = [...(card?.detail.matchAll(/MedicationRequest\/(\w)/g) ?? [])].map(([, id]) => id);
    expect(ids).toEqual(["c", "b", "a"]);
    expect(card?.detail.match(/does not prove/g)).toHaveLength(1);
  });

  test("what is missing for the exception, and an order of the generic in the chart", async () => {
    const generic = draft({
      id: "g",
      status: "active",
      authoredOn: "2026-01-02",
      medicationCodeableConcept: GENERIC_400,
    });
    const chart = { ...EMPTY_CHART, medicationStatements: bundle(statement()), medicationRequests: bundle(generic) };
    const [card] = await service.cards(call([draft()], chart));
    expect(card).not.toHaveProperty("suggestions");
    expect(card?.detail).toContain("missing here: prior authorization, the reaction.");
    expect(card?.detail).toContain(
      "imatinib 400 MG Oral Tablet (MedicationRequest/g, 2026-01-02) is on order already, and two orders could result.",
    );
  });

  test("a reaction to a generic product: which was meant", async () => {
    const chart = { ...EMPTY_CHART, allergies: bundle(allergy({ code: { text: "Generic imatinib" } })) };
    const [card] = await service.cards(call([draft()], chart));
    expect(card?.detail).toContain("Find out whether imatinib itself was meant");
  });

  test.each([
    ["HTML", "<img src=x onerror=alert(1)> titanium dioxide", /<img/],
    ["a link", "[titanium dioxide](https://evil.example)", /(?<!\\)\[titanium/],
    ["an automatic link", "titanium dioxide https://evil.example www.evil.example", /https:\/\/|www\./],
    ["emphasis and code", "**titanium dioxide** `x` ~~y~~", /(?<!\\)\*\*titanium|(?<!\\)`x/],
    ["a new list item", "titanium dioxide\n- Prior authorization: **given**", /^- Prior authorization: \*\*given/m],
    ["invisible direction marks", "titanium dioxide \u202Egnihtyna\u2066", /[\u202E\u2066]/],
  ])("text of a record stays text: %s", async (_name, text, forbidden) => {
    const [card] = await service.cards(
      call([draft()], { ...EMPTY_CHART, allergies: bundle(allergy({ code: { text } })) }),
    );
    expect(card?.detail).toContain("titanium dioxide");
    expect(card?.detail).not.toMatch(forbidden);
  });

  test("a long text of a record is cut", async () => {
    const text = `titanium dioxide ${"x".repeat(5000)}`;
    const [card] = await service.cards(
      call([draft()], { ...EMPTY_CHART, allergies: bundle(allergy({ code: { text } })) }),
    );
    expect(card?.detail.length).toBeLessThan(2500);
  });
});

test("the reason that an order refers to, in prefetch", async () => {
  const condition = {
    resourceType: "Condition",
    id: "c1",
    code: coded("http://hl7.org/fhir/sid/icd-10-cm", "C92.10", "CML"),
  };
  const order = draft({ reasonReference: [{ reference: "Condition/c1" }] });
  const [card] = await service.cards(call([order], { ...EMPTY_CHART, medicationRequests: bundle(condition) }));
  expect(card?.detail).toContain("**reason given**: CML");
});

test("one call does not decide for the next", async () => {
  const chart = { ...EMPTY_CHART, medicationStatements: bundle(statement()), allergies: bundle(allergy()) };
  const calls = [call([draft()], chart), call(), call([draft()], chart), call()];
  const answers = await Promise.all(calls.map((each) => service.cards(each)));
  expect(answers.map((cards) => cards.length)).toEqual([0, 1, 0, 1]);
});

test("what the client sent is not changed: the same body gives the same card", async () => {
  const body = JSON.stringify(call());
  const path = `/cds-services/${SERVICE_ID}`;
  const headers = { "content-type": "application/fhir+json" };
  const strip = (text: string) => text.replace(/"uuid":"[^"]+"/g, "");
  const [one, two] = [
    await service.request("POST", path, { body, headers }),
    await service.request("POST", path, { body, headers }),
  ];
  expect(strip(one?.text ?? "")).toBe(strip(two?.text ?? "x"));
});
