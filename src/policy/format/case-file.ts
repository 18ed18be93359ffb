// The format of cases.yaml: patients in brief, and the answer that the policy must give. Every scalar is text.
import { z } from "zod";
import type { Change, NoChangeReason } from "../decision/change.ts";
import { chartVariables } from "../decision/chart.ts";
import type { Outcome, Row } from "../decision/decide.ts";
import type { PayerMatch } from "../decision/payer.ts";

const text = z.string().trim().min(1);

/** Every row of the decision table, and no-order: nothing that the policy speaks about was ordered. */
const rows = [
  ...["no-order", "other-payer", "authorized", "nothing-read", "overriding-caution", "exception-established"],
  ...["exception-to-confirm", "caution", "cautions-unread", "change"],
] as const satisfies readonly (Row | "no-order")[];

const outcomes = ["documented", "supporting", "not-found", "unknown"] as const satisfies readonly Outcome[];
const payers = ["this-payer", "other", "unknown"] as const satisfies readonly PayerMatch[];
const changes = [
  ...["replace", "remove", "withheld", "no-id", "strength-unknown", "brand-only", "brand-in-instructions"],
  ...["also-ordered", "already-ordered"],
] as const satisfies readonly (Exclude<Change["kind"], "none"> | NoChangeReason)[];

const records = z.array(z.record(z.string(), z.unknown())).default([]);

const policyCase = z.strictObject({
  name: text.describe("What is special about the patient. Unique in the file."),
  scenario: z
    .strictObject({ patient: text, story: text })
    .optional()
    .describe("Shown in the playground: a made-up patient, and what is special about them"),
  orders: records.describe("Draft MedicationRequests, without what every one has: type, id, status, intent, patient"),
  coverage: records.describe("Coverage records, without what every record has: type, id, patient"),
  medicationStatements: records.describe("MedicationStatement records"),
  medicationRequests: records.describe("MedicationRequest records of the chart"),
  medicationDispenses: records.describe("MedicationDispense records"),
  allergies: records.describe("AllergyIntolerance records"),
  unread: z.array(z.enum(chartVariables)).default([]).describe("Sources that were not received; any other was read"),
  inPart: z
    .array(z.enum(chartVariables))
    .default([])
    .describe("Sources of which more records exist than were received"),
  expect: z
    .strictObject({
      row: z.enum(rows).describe("The row of the decision table, as docs/decisions.md lists them"),
      payer: z.enum(payers).optional().describe("Whether the coverage names the policy's payer"),
      criteria: z
        .record(text, z.enum(outcomes))
        .default({})
        .describe("By the id of the criterion: what is found of it"),
      cautions: z.array(text).optional().describe("The ids of all cautions that speak"),
      changes: z
        .array(z.enum(changes))
        .optional()
        .describe("Of each order: replace, remove, or why there is no change"),
      suggestions: z
        .array(text)
        .optional()
        .describe("The labels of all suggestions of the card: which products it offers, in their order"),
      says: z.array(text).default([]).describe("Texts that stand on the card, as it is drawn"),
      saysNot: z.array(text).default([]).describe("Texts that do not stand on the card"),
    })
    .describe("The answer that the policy must give"),
});

export type PolicyCase = z.infer<typeof policyCase>;

const texts = z.array(text);
const names = z.strictObject({ is: texts, mentions: texts.default([]), neither: texts.default([]) });

/** Other keys hold what cases share by YAML anchors. */
export const caseFileSchema = z.looseObject({
  names: z
    .record(text, names)
    .default({})
    .describe(
      "By value set: names that are one of its substances or drugs, that only mention one, and that are something else",
    ),
  codes: z
    .record(text, z.record(text, texts))
    .default({})
    .describe("By value set and code system: codes that belong to the set"),
  payers: z
    .partialRecord(z.enum(payers), texts)
    .default({})
    .describe("Names of payors: what a coverage that names one alone tells of the payer"),
  equivalent: z
    .array(z.strictObject({ why: text, mutants: texts.min(1) }))
    .default([])
    .describe("Mutants of `npm run policy -- test` that change no decision and no card, and why"),
  cases: z.array(policyCase).min(1).describe("The patients"),
});

export type CaseFile = z.infer<typeof caseFileSchema>;
