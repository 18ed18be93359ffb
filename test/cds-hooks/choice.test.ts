// A choice between preferred products: one suggestion for each, of which at most one can be taken. Where the client or the card cannot say so,
// the products stand in words, since two drugs would be ordered instead of one.

import { changesOffered } from "../../src/cds-hooks/suggestion.ts";
import type { Change } from "../../src/policy/decision/change.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { call, coded, draft } from "../support/calls.ts";
import { type Issuer, startForForms } from "../support/client-forms.ts";
import type { Card, Service } from "../support/service.ts";
import type { Signer } from "../support/tokens.ts";

let service: Service;
let signers: Record<string, Signer>;
beforeAll(async () => {
  ({ service, signers } = await startForForms({ policies: loadPolicies("test/policies") }));
});
afterAll(() => service.stop());

const DRUGS = "http://example.org/drugs";
const written = draft({
  medicationCodeableConcept: coded(DRUGS, "INH100"),
  dosageInstruction: [{ text: "2 puffs daily" }],
});
const preferred = (code: string) => ({ ...written, id: "draft-2", medicationCodeableConcept: coded(DRUGS, code) });
const IN_WORDS = "To change: order airolone 100 MCG Inhaler or brezone 100 MCG Inhaler instead of Inhalixa 100 mcg.";

async function cardFor(issuer: Issuer, orders: unknown[]): Promise<Card | undefined> {
  return (await service.cards(call(orders), await signers[issuer]?.sign()))[0];
}

test("update: one suggestion for each product, in the plan's order; each keeps the rest of the draft, none is recommended", async () => {
  const card = await cardFor("https://update.example", [written]);
  expect(card).toMatchObject({
    selectionBehavior: "at-most-one",
    suggestions: [
      { label: "Change to airolone 100 MCG Inhaler", actions: [{ type: "update" }] },
      { label: "Change to brezone 100 MCG Inhaler", actions: [{ type: "update" }] },
    ],
  });
  for (const [at, code] of ["AIR100", "BRE100"].entries()) {
    const [action, ...more] = card?.suggestions?.[at]?.actions ?? [];
    expect(more).toEqual([]);
    expect(action?.resource).toMatchObject({
      id: "draft-1",
      medicationCodeableConcept: { coding: [{ system: DRUGS, code }] },
      dosageInstruction: written.dosageInstruction,
    });
    expect(await cardFor("https://update.example", [action?.resource])).toBeUndefined();
  }
  expect(JSON.stringify(card)).not.toContain("isRecommended");
  expect(card?.detail).toContain("To change: accept one, airolone 100 MCG Inhaler or brezone 100 MCG Inhaler.");
});

test("delete-create: each suggestion creates its product and deletes the draft", async () => {
  const card = await cardFor("https://delete-create.example", [written]);
  expect(card?.selectionBehavior).toBe("at-most-one");
  expect(card?.suggestions).toHaveLength(2);
  for (const { actions } of card?.suggestions ?? []) {
    expect(actions).toMatchObject([{ type: "create" }, { type: "delete", resourceId: "MedicationRequest/draft-1" }]);
  }
});

test.each(["https://separate.example", "https://epic.example", "https://none.example"] as const)(
  "%s: in words, with nothing that could order both",
  async (issuer) => {
    const card = await cardFor(issuer, [written]);
    expect(card).not.toHaveProperty("suggestions");
    expect(card).not.toHaveProperty("selectionBehavior");
    expect(card?.detail).toContain(IN_WORDS);
  },
);

test("two orders with a choice: at-most-one would be of both together, so they stand in words, once for orders that are alike", async () => {
  for (const issuer of ["https://update.example", "https://delete-create.example"] as const) {
    const card = await cardFor(issuer, [written, { ...written, id: "draft-2" }]);
    expect(card).not.toHaveProperty("suggestions");
    expect(card?.detail.split(IN_WORDS)).toHaveLength(2);
  }
});

test("an order without a change takes no choice from the other", async () => {
  const { id, ...withoutId } = written;
  const card = await cardFor("https://update.example", [withoutId, written]);
  expect(card).toMatchObject({ selectionBehavior: "at-most-one", suggestions: [{}, {}] });
});

test("either product among the drafts, with the same dosage: the order is removed, and nothing is to be chosen", async () => {
  for (const issuer of ["https://update.example", "https://delete-create.example", "https://epic.example"] as const) {
    for (const code of ["AIR100", "BRE100"]) {
      const card = await cardFor(issuer, [written, preferred(code)]);
      expect(card?.selectionBehavior).toBe("any");
      expect(card?.suggestions).toMatchObject([
        {
          label: "Remove Inhalixa 100 mcg, keep the preferred product",
          actions: [{ type: "delete", resourceId: "MedicationRequest/draft-1" }],
        },
      ]);
    }
  }
});

test("an order with one product only keeps its suggestion beside an order with a choice, which stands in words", () => {
  const [one, other] = ["A", "B"].map((code) => ({
    strength: "1 mg",
    valueSet: "one",
    system: DRUGS,
    code,
    display: code,
  }));
  if (!one || !other) throw new Error("no products");
  const order = { asSent: written, resolved: written } as Change["order"];
  const single: Change = { order, kind: "replace", replacements: [one] };
  const choice: Change = { order, kind: "replace", replacements: [one, other] };
  const offered = (changes: Change[]) => [...changesOffered(changes, { replacement: "update", dialect: "standard" })];
  expect(offered([single, choice])).toEqual([single]);
  expect(offered([choice])).toEqual([choice]);
  expect(offered([single, { ...single }])).toHaveLength(2);
});

test("the policy page lists both products", async () => {
  const accept = "text/html";
  const { text } = await service.request("GET", "/policies/example-two-preferred", { headers: { accept } });
  expect(text).toMatch(/Suggested for 100 mcg<\/th><td>airolone.*>or for 100 mcg<\/th><td>brezone/s);
});
