// Feedback over HTTP: the specification's invariants, what Epic and the sandbox send, and what is handed on to be kept.
import type { Feedback } from "../../src/cds-hooks/feedback.ts";
import { PLANTED } from "../support/planted.ts";
import { forgetful, type Service, startService } from "../support/service.ts";

let service: Service;
const kept: Feedback[] = [];
beforeAll(async () => {
  service = await startService({
    store: {
      ...forgetful,
      keepFeedback: async (_client, feedback) => {
        kept.push(...feedback);
      },
    },
  });
});
beforeEach(() => {
  kept.length = 0;
});
afterAll(() => service.stop());

const at = { outcomeTimestamp: "2026-11-24T10:00:00.000Z" };
const overridden = { card: "card-1", outcome: "overridden", ...at };
const accepted = { card: "card-1", outcome: "accepted", acceptedSuggestions: [{ id: "suggestion-1" }], ...at };
const REASON = { code: "patient-refuses", system: "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes" };

test("accepted: 200 with an empty body", async () => {
  const { status, text } = await service.feedback({ feedback: [accepted] });
  expect([status, text]).toEqual([200, ""]);
  expect(kept).toMatchObject([{ card: "card-1", outcome: "accepted", acceptedSuggestions: ["suggestion-1"], ...at }]);
});

test.each([
  ["with its system", REASON, { ...REASON, isOffered: true }],
  ["without its system", { code: REASON.code }, { ...REASON, isOffered: true }],
  [
    "of another system",
    { ...REASON, system: "urn:other" },
    { code: REASON.code, system: "urn:other", isOffered: false },
  ],
  ["that is any text", { code: "as she wishes" }, { code: "as she wishes", system: undefined, isOffered: false }],
])("a reason %s: whether a policy offers it", async (_name, reason, expected) => {
  await service.feedback({ feedback: [{ ...overridden, overrideReason: { reason } }] });
  expect(kept[0]?.reason).toEqual(expected);
});

test("a batch of several cards, and the same again after a double click", async () => {
  const batch = { feedback: [accepted, { ...overridden, card: "card-2" }] };
  expect((await service.feedback(batch)).status).toBe(200);
  expect((await service.feedback(batch)).status).toBe(200);
  expect(kept.map(({ card }) => card)).toEqual(["card-1", "card-2", "card-1", "card-2"]);
});

test.each([
  ["no reason (a card that was dismissed)", {}, {}],
  ["the specification's overrideReason", { overrideReason: { reason: REASON } }, { reason: REASON }],
  [
    "Epic's overrideReasons",
    { overrideReasons: { reason: REASON, userComment: "planted-comment" } },
    { reason: REASON, comment: "planted-comment" },
  ],
  ["overrideReasons as a list", { overrideReasons: [{ reason: REASON }] }, { reason: REASON }],
  [
    "Epic's extension instead of a reason",
    { overrideReasons: { extension: { "com.epic.cdshooks.feedback.overrideReason.reasonDisplay": "Cost" } } },
    { siteReason: "Cost" },
  ],
  ["a comment alone", { overrideReason: { userComment: "planted-comment" } }, { comment: "planted-comment" }],
])("overridden with %s", async (_name, parts, expected) => {
  expect((await service.feedback({ feedback: [{ ...overridden, ...parts }] })).status).toBe(200);
  expect(kept).toMatchObject([{ outcome: "overridden", ...expected }]);
});

test.each([
  ["no feedback", {}, "feedback"],
  ["an empty list", { feedback: [] }, "feedback"],
  ["another outcome (cds-fb-1)", { feedback: [{ ...overridden, outcome: "ignored" }] }, "feedback.0.outcome"],
  [
    "accepted without suggestions (cds-fb-2)",
    { feedback: [{ ...accepted, acceptedSuggestions: undefined }] },
    "feedback.0.acceptedSuggestions",
  ],
  [
    "accepted with an empty list (cds-fb-2)",
    { feedback: [{ ...accepted, acceptedSuggestions: [] }] },
    "feedback.0.acceptedSuggestions",
  ],
  ["an empty reason (cds-fb-3)", { feedback: [{ ...overridden, overrideReason: {} }] }, "feedback.0.overrideReason"],
  ["a card that is too long", { feedback: [{ ...overridden, card: "c".repeat(300) }] }, "feedback.0.card"],
  ["too many at once", { feedback: Array(1001).fill(overridden) }, "feedback"],
  ["no card", { feedback: [{ ...overridden, card: "" }] }, "feedback.0.card"],
  ["no time", { feedback: [{ ...overridden, outcomeTimestamp: "yesterday" }] }, "feedback.0.outcomeTimestamp"],
  ["one at fault among others", { feedback: [overridden, { ...overridden, outcome: "?" }] }, "feedback.1.outcome"],
])("400 that names the field, and nothing kept: %s", async (_name, body, field) => {
  const answer = await service.feedback(body);
  expect(answer.status).toBe(400);
  expect((answer.body as { issue: { expression: string[] }[] }).issue[0]?.expression).toEqual([field]);
  expect(kept).toEqual([]);
});

test("card, outcome and reason code are logged; never a comment, nor a card or reason that may be any text", async () => {
  const card = "3f1c9c0e-6f0a-4b6b-9a55-0f5a3d1b7c11";
  await service.feedback({ feedback: [{ ...overridden, card, overrideReason: { reason: REASON } }] });
  expect(service.log.at(-1)).toContain(
    `"feedback":[{"card":"${card}","outcome":"overridden","reason":"patient-refuses"}]`,
  );
  const reason = { ...REASON, code: PLANTED.note };
  const overrideReason = { reason, userComment: PLANTED.comment };
  await service.feedback({ feedback: [{ ...overridden, card: PLANTED.patientName, overrideReason }] });
  expect(service.log.at(-1)).toContain('"feedback":[{"card":"unknown","outcome":"overridden","reason":"other"}]');
});
