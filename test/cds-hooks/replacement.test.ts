// The forms in which a change is offered, each applied as the client that is registered with it applies it: afterwards the generic is
// ordered, the brand is not, and signing again gives no card.
import { changesOffered } from "../../src/cds-hooks/suggestion.ts";
import type { Change } from "../../src/policy/decision/change.ts";
import { call, draft, GENERIC_400, RXNORM } from "../support/calls.ts";
import { forms, type Issuer, startForForms } from "../support/client-forms.ts";
import type { Card, Service } from "../support/service.ts";
import type { Signer } from "../support/tokens.ts";

type Order = Record<string, unknown>;
type Action = NonNullable<Card["suggestions"]>[number]["actions"][number];

let service: Service;
let signers: Record<string, Signer>;
beforeAll(async () => {
  ({ service, signers } = await startForForms());
});
afterAll(() => service.stop());

const sign = async (issuer: Issuer, orders: unknown[]) => service.cards(call(orders), await signers[issuer]?.sign());
const cardFor = async (issuer: Issuer, orders: unknown[]) => (await sign(issuer, orders))[0];
const actionsOf = (card: Card | undefined) => card?.suggestions?.flatMap(({ actions }) => actions) ?? [];

const written = draft({
  identifier: [{ value: "placer-1" }],
  status: "active",
  dosageInstruction: [{ text: "Take 1 tablet daily with a meal" }],
  dispenseRequest: { quantity: { value: 30 } },
});

/** "Suggestion": actions are taken together, "as a FHIR transaction would": deletes, creates, updates. */
function applyAsTransaction(orders: readonly Order[], actions: readonly Action[]): Order[] {
  const deleted = actions.filter(({ type }) => type === "delete").map(({ resourceId }) => resourceId);
  const created = actions.filter(({ type }) => type === "create").map(({ resource }) => ({ ...resource, id: "new-1" }));
  const updated = new Map(
    actions.filter(({ type }) => type === "update").map(({ resource }) => [resource?.id, resource]),
  );
  return [
    ...orders
      .filter(({ id }) => !deleted.includes(`MedicationRequest/${id}`))
      .map((order) => updated.get(order.id) ?? order),
    ...created,
  ];
}

test("update: the default, put in place of the draft", async () => {
  const [action, ...others] = actionsOf(await cardFor("https://update.example", [written]));
  expect([action?.type, others]).toEqual(["update", []]);
  const after = applyAsTransaction([written], action ? [action] : []);
  expect(after).toMatchObject([{ id: "draft-1", dispenseRequest: { quantity: { value: 30 } } }]);
  expect(await sign("https://update.example", after)).toEqual([]);
});

describe("delete-create: one suggestion, the create first", () => {
  test("taken as a transaction", async () => {
    const card = await cardFor("https://delete-create.example", [written]);
    expect(card?.suggestions).toHaveLength(1);
    const actions = actionsOf(card);
    expect(actions.map(({ type }) => type)).toEqual(["create", "delete"]);
    const [create, remove] = actions;
    expect(create?.resource).toMatchObject({ status: "draft", dosageInstruction: written.dosageInstruction });
    for (const element of ["id", "meta", "identifier"]) expect(create?.resource).not.toHaveProperty(element);
    expect(remove).toMatchObject({ type: "delete", resourceId: "MedicationRequest/draft-1" });
    expect(remove).not.toHaveProperty("resource");
    const after = applyAsTransaction([written], actions);
    expect(after).toHaveLength(1);
    expect(await sign("https://delete-create.example", after)).toEqual([]);
  });

  test("taken one by one in their order, as the public sandbox does, the order is never without a drug", async () => {
    let order: Order | undefined = written;
    for (const action of actionsOf(await cardFor("https://delete-create.example", [written]))) {
      if (action.type === "create")
        order = { ...order, medicationCodeableConcept: action.resource?.medicationCodeableConcept };
      expect(order).toHaveProperty("medicationCodeableConcept");
    }
    expect(await sign("https://delete-create.example", [order])).toEqual([]);
  });
});

/** Takes of a created order only its drug; the dose is the default of its medication record. No update, one action each. */
function applyAsEpic(orders: readonly Order[], card: Card | undefined): Order[] {
  let after = [...orders];
  for (const { actions, label } of card?.suggestions ?? []) {
    const [action, ...more] = actions;
    if (!action || more.length > 0 || !label || !action.description) throw new Error("not a suggestion that it takes");
    if (action.type === "delete") after = after.filter(({ id }) => `MedicationRequest/${id}` !== action.resourceId);
    else if (action.type === "create") after.push(epicOrder(action.resource ?? {}));
    else throw new Error(`${action.type} is not taken`);
  }
  return after;
}

function epicOrder({ medicationCodeableConcept: drug }: Record<string, unknown>): Order {
  const { coding } = drug as { coding: { system: string }[] };
  if (coding[0]?.system !== "urn:oid:2.16.840.1.113883.6.88") throw new Error("a code system that it does not know");
  return draft({ id: "epic-new", medicationCodeableConcept: { coding }, dosageInstruction: [{ text: "default" }] });
}

describe("dialect epic", () => {
  test("both suggestions accepted: the generic is ordered, the brand is gone", async () => {
    const card = await cardFor("https://epic.example", [written]);
    expect(card?.selectionBehavior).toBe("any");
    const after = applyAsEpic([written], card);
    expect(after.map(({ id }) => id)).toEqual(["epic-new"]);
    expect(await sign("https://epic.example", after)).toEqual([]);
  });

  test("the card restates the dose, and what the clinician reads says that it must be entered again", async () => {
    const card = await cardFor("https://epic.example", [written]);
    expect(card?.detail).toContain(
      "Dose, quantity and repeats have to be entered again; drafted: Take 1 tablet daily with a meal",
    );
    const [create, remove] = actionsOf(card);
    expect(create?.description).toBe(
      "Order imatinib 400 MG Oral Tablet instead of Gleevec 400 mg. Dose, quantity and repeats have to be entered again; drafted: Take 1 tablet daily with a meal.",
    );
    expect(remove?.description).toBe("Remove Gleevec 400 mg, replaced by imatinib 400 MG Oral Tablet.");
  });

  test("a dose that would be cut short is not restated, and one with Markdown is escaped", async () => {
    const long = { ...written, dosageInstruction: [{ text: `Take 1 tablet daily, then ${"as told, ".repeat(20)}` }] };
    expect((await cardFor("https://epic.example", [long]))?.detail).toContain(
      "entered again, as in the order that is replaced.",
    );
    const marked = { ...written, dosageInstruction: [{ patientInstruction: "[1 tablet](https://evil.example)" }] };
    expect((await cardFor("https://epic.example", [marked]))?.detail).toContain("\\[1 tablet\\]");
  });

  test("the topic is of letters and digits, static, and of this policy: an override is tied to it", async () => {
    const [one, two] = [
      await cardFor("https://epic.example", [written]),
      await cardFor("https://epic.example", [draft()]),
    ];
    expect(one?.source.topic.code).toMatch(/^[a-z0-9]{1,100}$/i);
    expect(one?.source.topic).toEqual(two?.source.topic);
    expect((await cardFor("https://update.example", [written]))?.source.topic.code).toBe("therapy-alternatives-req");
  });
});

test("separate without the dialect: two suggestions, codes as FHIR names them", async () => {
  const card = await cardFor("https://separate.example", [written]);
  expect(card?.suggestions?.map(({ label }) => label)).toEqual([
    "Order imatinib 400 MG Oral Tablet",
    "Remove Gleevec 400 mg",
  ]);
  const [create] = actionsOf(card);
  expect(create?.resource?.medicationCodeableConcept).toMatchObject({ coding: [{ system: RXNORM, code: "403879" }] });
});

test("none: in words", async () => {
  const card = await cardFor("https://none.example", [written]);
  expect(card).not.toHaveProperty("suggestions");
  expect(card).not.toHaveProperty("selectionBehavior");
  expect(card?.detail).toContain("To change: order imatinib 400 MG Oral Tablet instead of Gleevec 400 mg.");
});

test("a generic of the same strength and dosage is there already: the brand is removed, in every form", async () => {
  const generic = { ...written, id: "draft-2", medicationCodeableConcept: GENERIC_400 };
  for (const issuer of ["https://update.example", "https://delete-create.example", "https://epic.example"] as const) {
    const actions = actionsOf(await cardFor(issuer, [written, generic]));
    expect(actions).toMatchObject([{ type: "delete", resourceId: "MedicationRequest/draft-1" }]);
  }
  const card = await cardFor("https://none.example", [written, generic]);
  expect(card?.detail).toContain("To change: remove Gleevec 400 mg.");
});

test("no form offers a click where the decision does not", async () => {
  const reaction = { coding: [{ system: RXNORM, code: "38323" }] };
  const prefetch = {
    ...(call().prefetch as object),
    allergies: {
      resourceType: "Bundle",
      entry: [
        {
          resource: {
            resourceType: "AllergyIntolerance",
            id: "a",
            patient: { reference: "Patient/case-patient" },
            code: reaction,
            reaction: [{ severity: "severe" }],
          },
        },
      ],
    },
  };
  for (const issuer of Object.keys(forms) as Issuer[]) {
    const [card] = await service.cards({ ...call([written]), prefetch }, await signers[issuer]?.sign());
    expect(card).not.toHaveProperty("suggestions");
    expect(card?.detail).not.toContain("To change");
  }
});

test.each([
  ["update", 50],
  ["delete-create", 50],
  ["separate", 25], // two suggestions each
  ["none", 0],
] as const)("%s: a card has 50 suggestions at most", (replacement, offered) => {
  const changes = Array.from({ length: 60 }, () => ({ kind: "replace", replacements: [{}] }) as unknown as Change);
  expect(changesOffered(changes, { replacement, dialect: "standard" }).size).toBe(offered);
});

test.each(["https://update.example", "https://separate.example"] as const)(
  "%s: more orders than a card has suggestions for are told about in one sentence",
  async (issuer) => {
    const orders = Array.from({ length: 60 }, (_each, index) => draft({ id: `draft-${index}` }));
    const card = await cardFor(issuer, orders);
    expect(card?.suggestions).toHaveLength(50);
    expect(card?.detail.match(/To change: order /g)).toHaveLength(1);
  },
);
