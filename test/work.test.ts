// What a request makes the service do is bounded, whatever it holds: characters that are normalized and records that are evaluated are
// counted here, since a time would depend on the machine.
import { jest } from "@jest/globals";
import type { Policy } from "../src/policy/format/policy.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { allergy, bundle, call, draft, draftOf, EMPTY_CHART, statement } from "./support/calls.ts";
import { type Service, startService } from "./support/service.ts";

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, each) => make(each));

/** Counts how often an expression is evaluated on a record or an order. */
function counting(policies: readonly Policy[]): { policies: Policy[]; evaluated: () => number } {
  let evaluated = 0;
  const watch = (policy: Policy): Policy => {
    const select = (expression: Policy["authorized"]): Policy["authorized"] => ({
      ...expression,
      evaluate(variables, texts) {
        evaluated += 1;
        return expression.evaluate(variables, texts);
      },
    });
    const rules = (list: Policy["criteria"][number]["documented"]) =>
      list.map((rule) => ({ ...rule, select: select(rule.select) }));
    return {
      ...policy,
      appliesTo: select(policy.appliesTo),
      authorized: select(policy.authorized),
      alreadyOrdered: select(policy.alreadyOrdered),
      unanswered: policy.unanswered.map(select),
      cautions: policy.cautions.map((caution) => ({ ...caution, select: caution.select.map(select) })),
      criteria: policy.criteria.map((criterion) => ({
        ...criterion,
        documented: rules(criterion.documented),
        supporting: rules(criterion.supporting),
      })),
    };
  };
  return { policies: policies.map(watch), evaluated: () => evaluated };
}

let service: Service;
let evaluated: () => number;
let normalized = 0;
const { normalize } = String.prototype;

beforeAll(async () => {
  const counted = counting(loadPolicies("cards"));
  evaluated = counted.evaluated;
  service = await startService({ policies: counted.policies });
});
beforeEach(() => {
  normalized = 0;
  jest.spyOn(String.prototype, "normalize").mockImplementation(function (this: string, form) {
    normalized += this.length;
    return normalize.call(this, form);
  });
});
afterEach(() => jest.restoreAllMocks());

/** Runs of combining marks, which normalization puts in order by comparing each with each. */
const MARKS = { acute: "\u0301", graveAndCedilla: "\u0300\u0327", halfwidth: "\uff9e\uff9f" };

describe.each(Object.entries(MARKS))("10,000 combining marks in a row (%s)", (_name, mark) => {
  const text = `imatinib ${mark.repeat(5000)}`.slice(0, 9_990);

  test.each<[string, () => unknown]>([
    ["as the drug of a draft", () => call([draft({ medicationCodeableConcept: { text } }), draft({ id: "other" })])],
    ["in the instructions of a draft", () => call([draft({ dosageInstruction: [{ text }] }), draft({ id: "other" })])],
    [
      "in a Medication that sixty statements refer to",
      () => {
        const medication = {
          resourceType: "Medication",
          id: "m",
          code: { coding: many(100, () => ({ display: text })) },
        };
        const refers = (id: number) => ({
          ...statement({ id: `s${id}`, medicationCodeableConcept: undefined }),
          medicationReference: { reference: "Medication/m", display: `drug ${id}` },
        });
        return call([draft()], { ...EMPTY_CHART, medicationStatements: bundle(medication, ...many(60, refers)) });
      },
    ],
    [
      "in the name of an allergy, of a note, and of a payor",
      () =>
        call([draft()], {
          ...EMPTY_CHART,
          allergies: bundle(allergy({ code: { text } }), allergy({ id: "a2", note: [{ text }] })),
          coverage: bundle({
            ...{ resourceType: "Coverage", status: "active", beneficiary: { reference: "Patient/case-patient" } },
            payor: [{ display: text }],
          }),
        }),
    ],
  ])("%s: none is normalized", async (_where, make) => {
    const { status } = await service.orderSign(make());
    expect(status).toBe(200);
    expect(normalized).toBeLessThan(2_000);
  });
});

test("thirty marks in a row are read: a letter of some languages has several", async () => {
  const coded = { text: `Gleev\u0301ec ${"e\u0301\u0323".repeat(15)} 400 mg tablet` };
  await service.orderSign(call([draft({ medicationCodeableConcept: coded })]));
  expect(normalized).toBeGreaterThan(0);
});

test("each text is normalized once in a request, however many records hold it", async () => {
  const text = `Imatinib – ${"é ".repeat(1_000)}`;
  const statements = many(400, (id) => statement({ id: `s${id}`, medicationCodeableConcept: { text } }));
  await service.orderSign(call([draft()], { ...EMPTY_CHART, medicationStatements: bundle(...statements) }));
  expect(normalized).toBeLessThan(2 * text.length);
});

test("the texts of all drafts share one budget: what is more than that is refused, and nothing is left out in silence", async () => {
  // One character of these becomes 18, so that few of them weigh as much as a page.
  const drafts = (count: number) =>
    many(count, (id) =>
      draftOf({ medicationCodeableConcept: { text: `Gleevec ${id} ${"\ufdfa".repeat(33)}` } }, { id: `d${id}` }),
    );
  const { status, body } = await service.orderSign(call(drafts(90)));
  expect(status).toBe(413);
  expect(body).toMatchObject({ issue: [{ code: "too-costly", expression: ["context.draftOrders"] }] });
  expect(normalized).toBeLessThan(90 * 50);
});

test("a Medication is evaluated once, however many drafts and displays refer to it", async () => {
  const display = (at: number) => ({
    system: "urn:example",
    code: `c${at}`,
    display: `imatinib capsule “${at}” ${"é".repeat(300)}`,
  });
  const medication = { resourceType: "Medication", id: "m", code: { coding: many(199, display) } };
  const drafts = many(999, (id) =>
    draftOf(
      { medicationReference: { reference: "Medication/m", display: `imatinib ${id} 400 mg capsule` } },
      { id: `d${id}` },
    ),
  );
  const body = call(drafts, EMPTY_CHART);
  const { draftOrders } = body.context as { draftOrders: { entry: unknown[] } };
  draftOrders.entry.push({ resource: medication });
  await service.orderSign(body);
  const once = JSON.stringify(medication).length + 999 * 40;
  expect(normalized).toBeLessThan(once);
});

describe("elements that FHIRPath walks along", () => {
  const reactions = (count: number) => many(count, () => ({}));

  test("allergies of 1,900 empty reactions are not evaluated, and the card says so", async () => {
    const before = evaluated();
    const records = many(125, (id) => allergy({ id: `a${id}`, reaction: reactions(1_900) }));
    const [card] = await service.cards(call([draft()], { ...EMPTY_CHART, allergies: bundle(...records) }));
    expect(card?.detail).toContain("125 allergy records could not be read.");
    expect(card).not.toHaveProperty("suggestions");
    expect(evaluated() - before).toBeLessThan(20);
  });

  test("of allergies with 400 each as many are evaluated as a chart may hold, and the rest is named", async () => {
    const records = many(500, (id) => allergy({ id: `a${id}`, reaction: reactions(400) }));
    const before = evaluated();
    const [card] = await service.cards(call([draft()], { ...EMPTY_CHART, allergies: bundle(...records) }));
    expect(card?.detail).toMatch(/Received in part, since there are more records than can be looked at: allergies/);
    expect(evaluated() - before).toBeLessThan(25 * 15);
  });

  test("past the deadline no record is evaluated: received in part", async () => {
    const late = await startService({ callDeadline: -1_000 });
    const records = many(50, (id) => allergy({ id: `a${id}` }));
    const [card] = await late.cards(call([draft()], { ...EMPTY_CHART, allergies: bundle(...records) }));
    expect(card?.detail).toMatch(/Received in part, since there are more records than can be looked at: allergies/);
    expect(card).not.toHaveProperty("suggestions");
    await late.stop();
  });
});
