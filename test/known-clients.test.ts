// What real clients send, and what they can use of an answer: the lines of the notes on known clients that concern the order-sign
// call, each a test. Other lines are tested where they belong: prefetch, feedback, HTTP, EHR failures.
import { bundle, call, coded, draft, draftOf, EMPTY_CHART, PATIENT, RXNORM, withEhr } from "./support/calls.ts";
import { type Service, startService } from "./support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe("CDS Hooks Sandbox", () => {
  /** As its Rx Sign screen sends it: category an object, no requester, Bundle without type, server without token. */
  const order = {
    resourceType: "MedicationRequest",
    id: "request-123",
    status: "draft",
    intent: "order",
    category: {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/medicationrequest-category", code: "community" }],
    },
    subject: { reference: `Patient/${PATIENT}` },
    medicationCodeableConcept: {
      text: "Gleevec 400 MG Oral Tablet",
      coding: [{ system: RXNORM, code: "404589", display: "Gleevec 400 MG Oral Tablet" }],
    },
    dosageInstruction: [{ doseAndRate: [{ doseQuantity: { value: 1 } }] }],
  };
  const sandbox = (draftOrders: unknown) => ({
    hook: "order-sign",
    hookInstance: "0f6e4d1c-6bd0-4f6e-9c51-5a4f4c9f9d10",
    fhirServer: "https://launch.smarthealthit.org/v/r4/fhir",
    context: { userId: "Practitioner/COREPRACTITIONER1", patientId: PATIENT, draftOrders },
    prefetch: EMPTY_CHART,
  });

  test("its order gets the card, and of the update it can use text and first coding", async () => {
    const [card] = await service.cards(sandbox({ resourceType: "Bundle", entry: [{ resource: order }] }));
    const action = card?.suggestions?.[0]?.actions[0];
    expect(action).toMatchObject({ type: "update", resource: { id: "request-123" } });
    const concept = action?.resource?.medicationCodeableConcept as { text: string; coding: { code: string }[] };
    expect([concept.text, concept.coding[0]?.code]).toEqual(["imatinib 400 MG Oral Tablet", "403879"]);
    expect(action?.resource?.category).toEqual(order.category);
  });

  test.each(["404589", "404588"])("its drug list: %s gets a card", async (code) => {
    const [card] = await service.cards(sandbox(bundle({ ...order, medicationCodeableConcept: coded(RXNORM, code) })));
    expect(card?.suggestions).toHaveLength(1);
  });

  test.each(["403879", "403878"])("its drug list: %s gets none", async (code) => {
    expect(await service.cards(sandbox(bundle({ ...order, medicationCodeableConcept: coded(RXNORM, code) })))).toEqual(
      [],
    );
  });

  test("signing with no drug chosen sends neither drug nor intent: no card, no failure", async () => {
    const { medicationCodeableConcept, intent, ...bare } = order;
    expect(await service.cards(sandbox(bundle(bare)))).toEqual([]);
  });

  test("its default server is DSTU2: no card, and a hint in the log", async () => {
    const dstu2 = {
      resourceType: "MedicationOrder",
      id: "order-123",
      patient: { reference: `Patient/${PATIENT}` },
      dateWritten: "2026-11-24",
    };
    expect(await service.cards(sandbox(bundle(dstu2)))).toEqual([]);
    expect(service.log.at(-1)).toContain("switch the client to an R4 server");
  });
});

describe("REMS request generator", () => {
  test("its own prefetch keys, a constant hookInstance, CRD configuration, a contained drug referred to without #", async () => {
    const order = draftOf(
      { medicationReference: { reference: "Medication/med-0" } },
      { contained: [{ resourceType: "Medication", id: "med-0", code: coded(RXNORM, "404589", "Gleevec 400 MG") }] },
    );
    const request = call(
      [order],
      { request: order, patient: { resourceType: "Patient", id: PATIENT }, practitioner: null },
      {
        ...withEhr("https://rems.example.org/fhir"),
        extension: { "davinci-crd.configuration": { "alt-drug": true } },
      },
    );
    for (const _again of [1, 2]) {
      const { status } = await service.orderSign(request);
      expect(status).toBe(412); // nothing clinical came, and its server is not one that may be called
    }
    expect(await service.cards({ ...request, prefetch: EMPTY_CHART })).toHaveLength(1);
  });
});

describe("Epic", () => {
  const subject = { reference: `https://epic.example.org/api/FHIR/R4/Patient/${PATIENT}` };
  const epic = (coding: unknown[], text: string) => {
    const medication = { resourceType: "Medication", id: "eMed.1-x", code: { coding, text } };
    const order = draftOf(
      { medicationReference: { reference: "Medication/eMed.1-x", display: text } },
      { id: `e${"Q".repeat(90)}`, subject, category: { coding: [{ system: RXNORM, code: "community" }] } },
    );
    return {
      ...call([order, medication], { ...EMPTY_CHART, medicationRequests: emptySearch }),
      extension: {
        "com.epic.cdshooks.request.fhir-version": "R4",
        "com.epic.cdshooks.request.cds-hooks-specification-version": "1.0",
      },
    };
  };
  const emptySearch = {
    resourceType: "Bundle",
    type: "searchset",
    total: 0,
    entry: [
      {
        search: { mode: "outcome" },
        resource: {
          resourceType: "OperationOutcome",
          issue: [
            { severity: "warning", code: "processing", details: { text: "Resource request returns no results." } },
          ],
        },
      },
    ],
  };
  const OID = "urn:oid:2.16.840.1.113883.6.88";

  test("the brand, its drug in another entry of the Bundle, ingredient and clinical drug side by side", async () => {
    const brand = epic(
      [
        { system: "urn:oid:1.2.840.114350.1.13", code: "77" },
        { system: OID, code: "282388" },
        { system: OID, code: "404589" },
      ],
      "imatinib (GLEEVEC) tablet 400 mg",
    );
    const [card] = await service.cards(brand);
    expect(card?.suggestions?.[0]?.actions[0]).toMatchObject({ type: "update" });
    expect(card?.detail).not.toMatch(/could not be read|not received/i);
  });

  test("a generic in the form ingredient (BRAND) is no brand", async () => {
    expect(
      await service.cards(
        epic(
          [
            { system: OID, code: "282388" },
            { system: OID, code: "403879" },
          ],
          "imatinib (GLEEVEC) tablet 400 mg",
        ),
      ),
    ).toEqual([]);
    expect(
      await service.cards(
        epic([{ system: "urn:oid:1.2.840.114350.1.13", code: "77" }], "imatinib (GLEEVEC) tablet 400 mg"),
      ),
    ).toEqual([]);
  });

  test("what it can use of an answer: one action each, any, a description that stands alone, no isRecommended", async () => {
    const [card] = await service.cards(call([draft(), draft({ id: "draft-2" })]));
    expect(card?.selectionBehavior).toBe("any");
    for (const suggestion of card?.suggestions ?? []) {
      expect(suggestion.actions).toHaveLength(1);
      expect(suggestion.actions[0]?.description).toContain("imatinib 400 MG Oral Tablet instead of Gleevec 400 mg");
      expect(suggestion).not.toHaveProperty("isRecommended");
    }
  });
});
