// The format of cases.yaml: abbreviated patients and the result that the policy must give. Every scalar is text.
import { z } from "zod";
import type { Change, NoChangeReason } from "../decision/change.ts";
import { chartVariables } from "../decision/chart.ts";
import type { Outcome, Row } from "../decision/decide.ts";
import type { PayerMatch } from "../decision/payer.ts";

const text = z.string().trim().min(1);

/** Every row of the decision table, and no-order: the policy applies to none of the orders. */
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
    .describe("A made-up patient for the playground: name and age, and what is special about them"),
  orders: records.describe("Draft MedicationRequests; type, id, status, intent, and patient are added"),
  coverage: records.describe("Coverage records; as in every record, type, id, and patient are added"),
  medicationStatements: records.describe("MedicationStatement records"),
  medicationRequests: records.describe("MedicationRequest records in the chart"),
  medicationDispenses: records.describe("MedicationDispense records"),
  allergies: records.describe("AllergyIntolerance records"),
  unread: z.array(z.enum(chartVariables)).default([]).describe("Sources that were not received; all others were read"),
  inPart: z.array(z.enum(chartVariables)).default([]).describe("Sources that were received only in part"),
  expect: z
    .strictObject({
      row: z.enum(rows).describe("The row of the decision table in docs/decisions.md"),
      payer: z.enum(payers).optional().describe("Whether the coverage names the policy's payer"),
      criteria: z.record(text, z.enum(outcomes)).default({}).describe("By criterion id: its outcome"),
      cautions: z.array(text).optional().describe("The ids of all cautions that apply"),
      changes: z
        .array(z.enum(changes))
        .optional()
        .describe("For each order: replace, remove, or why there is no change"),
      suggestions: z.array(text).optional().describe("The labels of all suggestions on the card, in order"),
      says: z.array(text).default([]).describe("Texts on the card as displayed"),
      saysNot: z.array(text).default([]).describe("Texts that are not on the card"),
    })
    .describe("The result that the policy must give"),
});

export type PolicyCase = z.infer<typeof policyCase>;

const texts = z.array(text);
const names = z.strictObject({ is: texts, mentions: texts.default([]), neither: texts.default([]) });

/** Other keys hold YAML anchors that cases share. */
export const caseFileSchema = z.looseObject({
  names: z
    .record(text, names)
    .default({})
    .describe(
      "By value set: names that are one of its substances or drugs, that only mention one, and that do neither",
    ),
  codes: z.record(text, z.record(text, texts)).default({}).describe("By value set and code system: codes in the set"),
  payers: z
    .partialRecord(z.enum(payers), texts)
    .default({})
    .describe("By payer match: payor names that lead to it when a coverage has no other"),
  equivalent: z
    .array(z.strictObject({ why: text, mutants: texts.min(1) }))
    .default([])
    .describe("Mutants of `npm run policy -- test` that change neither decisions nor cards, and why"),
  cases: z.array(policyCase).min(1).describe("The patients"),
});

export type CaseFile = z.infer<typeof caseFileSchema>;
