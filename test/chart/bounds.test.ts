// What is larger than any real chart is bounded, and said: records, sources, links and drafts.
import { isOversized } from "../../src/chart/size.ts";
import { isNarrowed } from "../../src/chart/sources.ts";
import { allergy, bundle, call, draft, EMPTY_CHART, GENERIC_400, statement } from "../support/calls.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const cardWith = async (prefetch: Record<string, unknown>) => {
  const [card] = await service.cards(call([draft()], { ...EMPTY_CHART, ...prefetch }));
  if (!card) throw new Error("no card");
  return { detail: card.detail, clicks: card.suggestions?.length ?? 0 };
};
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, each) => make(each));
const POVIDONE = { text: "povidone" };

describe("a record larger than any real one", () => {
  const large = {
    "2,000 values": { note: many(1000, () => ({ text: "x" })) },
    "a text of 10,001 characters": { note: [{ text: "x".repeat(10_001) }] },
    "100 KB of text": { note: many(11, () => ({ text: "x".repeat(9_900) })) },
    "signs that become many": { note: [{ text: "\uFDFA".repeat(40) }] },
  };

  test.each(Object.entries(large))(
    "%s: named on the card, and an allergy withholds the change",
    async (_name, parts) => {
      const medication = await cardWith({ medicationStatements: bundle(statement(parts)) });
      expect(medication.detail).toContain("1 medication record could not be read.");
      expect(medication.clicks).toBe(1);
      const reaction = await cardWith({ allergies: bundle(allergy({ code: POVIDONE, ...parts })) });
      expect(reaction.detail).toContain("1 allergy record could not be read.");
      expect(reaction.clicks).toBe(0);
    },
  );

  test("its references are not followed, whatever its drug", async () => {
    const contained = many(700, (id) => ({ resourceType: "Condition", id: `c${id}` }));
    const parts = {
      medicationCodeableConcept: { text: "metformin" },
      contained,
      reasonReference: [{ reference: "#c1" }],
    };
    const { detail } = await cardWith({ medicationStatements: bundle(statement(parts)) });
    expect(detail).toContain("1 medication record could not be read.");
  });

  test("nested and contained values count as well, and the narrative does not", () => {
    const values = many(700, (id) => ({ resourceType: "Medication", id: `${id}` }));
    const record = { resourceType: "MedicationStatement" };
    expect(isOversized({ ...record, contained: values })).toBe(true);
    expect(isOversized({ ...record, extension: [{ extension: [{ extension: values }] }] })).toBe(true);
    expect(isOversized({ ...record, contained: values.slice(0, 500) })).toBe(false);
    expect(isOversized({ ...record, text: { status: "generated", div: "x".repeat(50_000) } })).toBe(false);
    expect(isOversized({ ...record, text: { status: "generated", text: "x".repeat(50_000) } })).toBe(true);
    expect(isOversized({ ...record, note: null, text: null })).toBe(false);
  });

  test("of a drug that is referred to, makes its records unreadable", async () => {
    const coding = many(201, (each) => ({ display: `imatinib tablet ${each}` }));
    const { medicationCodeableConcept, ...referring } = statement();
    const { detail } = await cardWith({
      medicationStatements: bundle(
        { ...referring, medicationReference: { reference: "Medication/m" } },
        { resourceType: "Medication", id: "m", code: { coding } },
      ),
    });
    expect(detail).toContain("1 medication record could not be read.");
  });
});

describe("more records than are looked at", () => {
  const resolved = (id: number) => allergy({ id: `a${id}`, clinicalStatus: { coding: [{ code: "resolved" }] } });

  test("500 allergies that name an ingredient are, 501 are not: received in part, and no change in one click", async () => {
    const whole = await cardWith({ allergies: bundle(...many(500, resolved)) });
    expect(whole.detail).not.toContain("Received in part");
    expect(whole.clicks).toBe(1);
    const part = await cardWith({ allergies: bundle(...many(501, resolved)) });
    expect(part.detail).toContain("Received in part, since there are more records than can be looked at: allergies.");
    expect(part.clicks).toBe(0);
  });

  test("few allergies that name more than any real ones", async () => {
    const coding = many(400, (each) => ({ code: `${each}`, display: "lactose" }));
    const records = many(30, (id) => ({ ...resolved(id), code: { coding } }));
    expect((await cardWith({ allergies: bundle(...records) })).detail).toContain("Received in part");
  });

  test("501 statements of the generic: received in part, and what was not found is not known", async () => {
    const planned = (id: number) => statement({ id: `s${id}`, status: "intended" });
    const { detail, clicks } = await cardWith({ medicationStatements: bundle(...many(501, planned)) });
    expect(detail).toContain("more records than can be looked at: medication statements.");
    expect(detail).toContain("Tried generic imatinib tablets: **not found in what was received**");
    expect(clicks).toBe(1);
  });

  test("2,000 statements of other drugs are no such thing, of whatever strength", async () => {
    const other = (id: number) =>
      statement({ id: `s${id}`, medicationCodeableConcept: { text: `metoprolol 100 mg ${id}` } });
    const { detail } = await cardWith({ medicationStatements: bundle(...many(2000, other)) });
    expect(detail).not.toContain("Received in part");
    expect(detail).toContain("Tried generic imatinib tablets: **not found**");
  });

  test("501 coverages of another payer leave the payer unknown", async () => {
    const coverage = (id: number) => ({
      ...{
        resourceType: "Coverage",
        id: `c${id}`,
        status: "active",
        beneficiary: { reference: "Patient/case-patient" },
      },
      payor: [{ display: "Aetna" }],
    });
    expect(await service.cards(call([draft()], { ...EMPTY_CHART, coverage: bundle(...many(500, coverage)) }))).toEqual(
      [],
    );
    expect((await cardWith({ coverage: bundle(...many(501, coverage)) })).detail).toContain("looked at: coverage.");
  });

  test("1,001 drafts are refused, 1,000 are read", async () => {
    const others = many(1000, (id) => draft({ id: `o${id}`, medicationCodeableConcept: POVIDONE }));
    const { status, body } = await service.orderSign(call([draft(), ...others]));
    expect(status).toBe(413);
    expect(body).toMatchObject({ issue: [{ code: "too-costly", expression: ["context.draftOrders"] }] });
    expect(await service.cards(call(others))).toEqual([]);
  });
});

describe("references of thousands of records to one resource take the time of one look", () => {
  // A look at each would take from seconds to minutes; Jest's limit is 20 seconds.
  const far = { coding: Array.from({ length: 199 }, (_, at) => ({ display: `ﬃ ${at} ${"x".repeat(400)}` })) };

  test("a Medication of which 1,000 drafts speak", async () => {
    const medication = { resourceType: "Medication", id: "far", code: far };
    const drafts = many(999, (id) =>
      draft({
        id: `o${id}`,
        medicationCodeableConcept: undefined,
        medicationReference: { reference: "Medication/far" },
      }),
    );
    expect(await service.cards(call([draft(), ...drafts], { ...EMPTY_CHART, more: bundle(medication) }))).toHaveLength(
      1,
    );
  });

  test("an Organization that every payor refers to; what is too long for a name tells no payer", async () => {
    const organization = { resourceType: "Organization", id: "far", name: `Aetna ${"ﷺ".repeat(3000)}` };
    const coverage = {
      ...{ resourceType: "Coverage", status: "active", beneficiary: { reference: "Patient/case-patient" } },
      payor: Array.from({ length: 600 }, () => ({ reference: "Organization/far" })),
    };
    const { detail } = await cardWith({ coverage: bundle(coverage), more: bundle(organization) });
    expect(detail).toContain("if this patient's plan is administered by Cigna");
  });
});

describe("the query that a Bundle says it answers", () => {
  test.each(["toString", "__proto__", "constructor", "hasOwnProperty"])("with a parameter named %s", async (name) => {
    const link = [{ relation: "self", url: `AllergyIntolerance?patient=case-patient&${name}=active` }];
    const { detail } = await cardWith({ allergies: { ...bundle(), link } });
    expect(detail).toContain("Received in part, since the EHR's query leaves records out: allergies.");
  });

  test("counts as narrowed where it is longer than any real one", () => {
    const url = "AllergyIntolerance?patient=1&_sort=";
    expect(isNarrowed("allergies", `${url}${"a".repeat(3000)}`)).toBe(false);
    expect(isNarrowed("allergies", `${url}${"a".repeat(5000)}`)).toBe(true);
    expect(isNarrowed("medicationRequests", "https://<server>/MedicationRequest?patient=1&status=active")).toBe(true);
  });

  test("needs each value once, however the values are given", () => {
    const url = "MedicationStatement?patient=1";
    expect(isNarrowed("medicationStatements", `${url}&status=active,completed&status=stopped,http://x|on-hold`)).toBe(
      false,
    );
    expect(isNarrowed("medicationStatements", `${url}&status=active,completed&status=stopped`)).toBe(true);
  });
});

test("an order of the generic is the same dose, in whatever order its elements stand", async () => {
  const timing = { repeat: { frequency: 1, period: 1 } };
  const dosages = [
    { text: "daily", timing },
    { timing, text: "daily" },
  ];
  const [brand, generic] = dosages.map((dosage) => [dosage]);
  const drafts = [
    draft({ dosageInstruction: brand }),
    draft({ id: "other", medicationCodeableConcept: GENERIC_400, dosageInstruction: generic }),
  ];
  const [card] = await service.cards(call(drafts));
  expect(card?.suggestions?.map(({ actions }) => actions.map(({ type }) => type))).toEqual([["delete"]]);
});
