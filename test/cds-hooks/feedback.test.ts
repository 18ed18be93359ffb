// Feedback over HTTP: the specification's invariants, what Epic and the sandbox send, and what is handed on to be kept.
import type { Feedback } from "../../src/cds-hooks/feedback.ts";
import { PLANTED } from "../support/planted.ts";
import { forgetful, type Service, startService } from "../support/service.ts";

let service: Service;
const kept: Feedback[] = [];
let room: number;
beforeAll(async () => {
  service = await startService({
    store: {
      ...forgetful,
      keepFeedback: async (_client, feedback) => {
        const most = feedback.slice(0, room);
        kept.push(...most);
        return most;
      },
    },
  });
});
beforeEach(() => {
  kept.length = 0;
  room = 1_000;
});
afterAll(() => service.stop());

const at = { outcomeTimestamp: "2026-11-24T10:00:00.000Z" };
const CARDS = ["3f1c9c0e-6f0a-4b6b-9a55-0f5a3d1b7c11", "3f1c9c0e-6f0a-4b6b-9a55-0f5a3d1b7c12"];
const SUGGESTION = "0a6d1f0e-9c0f-4d2c-8d8c-5f3a1b7c1122";
const overridden = { card: CARDS[0], outcome: "overridden", ...at };
const accepted = { card: CARDS[0], outcome: "accepted", acceptedSuggestions: [{ id: SUGGESTION }], ...at };
const REASON = { code: "patient-refuses", system: "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes" };

test("accepted: 200 with an empty body", async () => {
  const { status, text } = await service.feedback({ feedback: [accepted] });
  expect([status, text]).toEqual([200, ""]);
  expect(kept).toMatchObject([{ card: CARDS[0], outcome: "accepted", acceptedSuggestions: [SUGGESTION], ...at }]);
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
  const batch = { feedback: [accepted, { ...overridden, card: CARDS[1] }] };
  expect((await service.feedback(batch)).status).toBe(200);
  expect((await service.feedback(batch)).status).toBe(200);
  expect(kept.map(({ card }) => card)).toEqual([...CARDS, ...CARDS]);
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
  ["a card that is no UUID", { feedback: [{ ...overridden, card: "card-1" }] }, "feedback.0.card"],
  ["a card that is more than a UUID", { feedback: [{ ...overridden, card: `${CARDS[0]}x` }] }, "feedback.0.card"],
  [
    "a suggestion that is no UUID",
    { feedback: [{ ...accepted, acceptedSuggestions: [{ id: SUGGESTION }, { id: "1" }] }] },
    "feedback.0.acceptedSuggestions.1.id",
  ],
  [
    "more suggestions than a card can have",
    { feedback: [{ ...accepted, acceptedSuggestions: Array(51).fill({ id: SUGGESTION }) }] },
    "feedback.0.acceptedSuggestions",
  ],
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

test("ids are compared in one spelling", async () => {
  const acceptedSuggestions = [{ id: SUGGESTION.toUpperCase() }];
  await service.feedback({ feedback: [{ ...accepted, card: CARDS[0]?.toUpperCase(), acceptedSuggestions }] });
  expect(kept).toMatchObject([{ card: CARDS[0], acceptedSuggestions: [SUGGESTION] }]);
});

test("more than a client may have kept: 429 until tomorrow, and what was kept counts", async () => {
  room = 1;
  const { status, text, headers } = await service.feedback({
    feedback: [overridden, { ...overridden, card: CARDS[1] }],
  });
  expect(status).toBe(429);
  expect(text).toContain("1 of 2 outcomes were not stored");
  const wait = Number(headers.get("retry-after"));
  expect([wait > 0, wait <= 86_400]).toEqual([true, true]);
  const metrics = await service.metrics.registry.metrics();
  expect(metrics).toMatch(/cds_calls_total\{[^}]*feedback[^}]*status="429"/);
});

test("card, outcome and reason code are logged; never a comment, nor a reason that may be any text", async () => {
  const reasons = (line = "") => (JSON.parse(line) as { feedback: unknown }).feedback;
  await service.feedback({ feedback: [{ ...overridden, overrideReason: { reason: REASON } }] });
  expect(reasons(service.log.at(-1))).toEqual([{ card: CARDS[0], outcome: "overridden", reason: "patient-refuses" }]);
  const reason = { ...REASON, code: PLANTED.note };
  await service.feedback({ feedback: [{ ...overridden, overrideReason: { reason, userComment: PLANTED.comment } }] });
  expect(reasons(service.log.at(-1))).toEqual([{ card: CARDS[0], outcome: "overridden", reason: "other" }]);
  await service.feedback({ feedback: [{ ...overridden, card: PLANTED.patientName }] });
  expect(service.log.at(-1)).not.toContain('"feedback":[');
});
