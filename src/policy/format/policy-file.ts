// The format of policy.yaml. Every scalar is text (YAML's failsafe schema), so that a code such as 0123 stays as
// written.
import { z } from "zod";

/** Characters. Source: CDS Hooks, "Card Attributes" (under 140). */
export const MAX_SUMMARY = 139;

const text = z.string().trim().min(1);
const yesOrNo = z.enum(["yes", "no"], "must be yes or no").transform((word) => word === "yes");
/** A list of terms. A nested list (from a YAML anchor) is flattened. */
const terms = z
  .array(z.union([text, z.array(text)]))
  .transform((list) => list.flat())
  .default([]);
const fhirpath = text;
const template = text;
const valueSet = text.describe("The name of a file in value-sets/, without its extension");
const date = z.iso.date("must be a date such as 2026-03-25");
const summary = (which: string) => template.describe(`The summary ${which}: at most ${MAX_SUMMARY} characters`);
const definitionName = z.string().regex(/^[a-zA-Z]+$/, "must be letters only");

/** A text belongs to a value set if it contains all of `all`, one of `any` (if given), and none of `none`. */
const textRule = z
  .strictObject({
    all: terms.describe("Terms that must all occur"),
    any: terms.describe("Terms of which at least one must occur, if any are given"),
    none: terms.describe("Terms that must not occur"),
  })
  .refine((rule) => rule.all.length + rule.any.length > 0, "needs terms under all or any");

/** A name is the substance if it consists of `names`; otherwise it only mentions it. `except` is another substance. */
const nameRule = z.strictObject({
  names: terms.describe("The names of the value set's substances"),
  except: terms.describe("Other substances whose names contain one of these: povidone-iodine is not povidone"),
});

const evidenceRule = z.strictObject({
  select: fhirpath.describe("FHIRPath that selects records from a chart variable: %medicationStatements.where(…)"),
  show: template.optional().describe("What the card shows for a record. Default: the criterion's own show"),
  note: text.optional().describe("A note on the card, such as why the record does not count"),
});

const outcomes = z.enum(["documented", "supporting", "not-found", "unknown"]);

const criterion = z.strictObject({
  id: text.describe("The number in the payer's document. Unique in the policy."),
  label: text.describe("The start of its line on the card"),
  inShort: text.describe("What has to be documented, as a noun in a sentence: the trial"),
  text: text.describe("The criterion in the words of the payer's document"),
  decides: yesOrNo.describe("yes: the exception depends on it. no: it is only shown"),
  documented: z.array(evidenceRule).min(1).describe("Evidence that counts"),
  supporting: z.array(evidenceRule).default([]).describe("Evidence that does not count alone, but is shown"),
  established: fhirpath.optional().describe("Yes or no about %evidence: whether nothing is left to check"),
  show: template.describe("What the card shows for a record, %evidence"),
  wouldCount: text.optional().describe("What would document it, for the card"),
  reminder: text.optional().describe("A sentence that the card always adds"),
  words: z
    .partialRecord(outcomes, text)
    .default({})
    .describe("The card's word for an outcome, if the usual one does not fit"),
});

const caution = z.strictObject({
  id: text.describe("Unique in the policy"),
  overridesException: yesOrNo.describe("yes: it applies even if the exception is documented"),
  shownWithException: yesOrNo.describe("yes: it is shown with a documented exception"),
  select: z.array(fhirpath).min(1).describe("FHIRPath that selects the records that the card warns about"),
  text: template.describe("What the card says; %evidence is what was selected"),
});

const system = z.url().describe("The URL of the code system");
const coding = z.strictObject({ system, code: text, display: text });
const replacement = coding.extend({
  strength: text.describe("Such as 100 mg"),
  valueSet: valueSet.describe("The value set that identifies this strength, brand or generic"),
  code: text.describe("The code to order instead: the preferred product at this strength"),
});

export const policyFileSchema = z.strictObject({
  title: text.describe("The title of the payer's document"),
  publisher: text.describe("The publisher of the document"),
  reviewDate: date.describe("The document's review date, the newest in history: 2026-03-25"),
  document: text.describe("A citation of the document"),
  statement: text.describe("What the policy says, in your own words"),
  history: z
    .array(z.strictObject({ date, revision: text, changes: text }))
    .min(1)
    .describe("The document's history, oldest first"),
  payer: z
    .strictObject({
      name: text.describe("The payer's name on the card"),
      names: z.array(text).min(1).describe("Terms that identify the payer in a coverage"),
      benefits: terms.describe("Benefits that the policy covers, besides medical, pharmacy, and prescription"),
      otherBenefits: terms.describe(
        "Other benefits, besides dental, vision, workers compensation, and automobile. Plans for these are ignored",
      ),
      selfPay: terms.describe("Terms for patients who pay themselves, besides self pay and cash"),
      nobody: terms.describe(
        "Names of no payer or of many, such as pharmacy benefit managers, besides none, unknown, and the like",
      ),
    })
    .describe("The payer whose policy this is"),
  products: z
    .strictObject({
      nonPreferred: z.strictObject({
        name: text.describe("Its name on the card"),
        valueSet: valueSet.describe("The value set that identifies its orders and records"),
        brandNames: z.array(text).min(1).describe("In dosage text or a note, these rule out a one-click change"),
        brandOnly: terms.describe(
          "Words on an order that ask for the brand or report a reaction. They rule out a one-click change",
        ),
      }),
      preferred: z.strictObject({
        name: text.describe("Its name on the card"),
        valueSet: valueSet.describe("The value set that identifies its orders and records"),
      }),
      productNeutral: terms.describe("Value sets whose codes do not identify the product, so that the text may"),
      sameDrug: terms.describe("Value sets of the same drug that are not clearly one of the products"),
      replacements: z
        .array(replacement)
        .min(1)
        .describe(
          "What to order instead, by strength. Several of one strength are a choice, in the plan's order of preference",
        ),
    })
    .describe("The preferred and non-preferred products"),
  recognized: z
    .array(valueSet)
    .default([])
    .describe("Value sets that no expression uses: their codes alone identify a record, so that its text is not read"),
  definitions: z
    .record(definitionName, fhirpath)
    .default({})
    .describe("Named FHIRPath that expressions use as %name; a definition may use those above it"),
  appliesTo: fhirpath.describe("Selects from %orders those that the policy applies to, among orders of the products"),
  authorized: fhirpath.describe("Selects the orders that have prior authorization"),
  alreadyOrdered: fhirpath.describe("Selects orders in the chart that a change would duplicate"),
  criteria: z.array(criterion).min(1).describe("The criteria of the exception"),
  cautions: z.array(caution).default([]).describe("Reactions that rule out a one-click change"),
  unanswered: z.array(fhirpath).default([]).describe('Select records that say "not known"'),
  text: z
    .record(text, z.array(textRule).min(1))
    .default({})
    .describe("By value set: how the text identifies a record that has no code of the policy"),
  substances: z
    .strictObject({
      neutral: terms.describe("Words that do not change what a name means: allergy, tablet"),
      sets: z.record(text, nameRule).describe("By value set: the names of its substances"),
    })
    .default({ neutral: [], sets: {} })
    .describe("How a substance is recognized by its name"),
  card: z
    .strictObject({
      topic: coding.omit({ display: true }).describe("The card's topic, for the client"),
      overrideReasons: z.array(coding).min(1).describe("Reasons that a prescriber may give for keeping the order"),
      texts: z
        .strictObject({
          summary: summary("of the card that suggests a change"),
          summaryCaution: summary("of the card that warns of a reaction"),
          summaryConfirm: summary("of the card on a documented exception"),
          planKnown: template.describe("Follows the order's name if the coverage names the payer"),
          planUnknown: template.describe("Follows the order's name if the payer is not known"),
          planConfirm: template.describe("Follows the order's name if the exception is documented"),
          exception: template.describe("How to request the exception; %missing is what is not documented"),
          confirm: template.describe("What is left to do if the exception is documented"),
          closing: template.describe("The last sentence"),
        })
        .describe("Text with {{ FHIRPath }} on %order, %orders, %missing, %payer, and %policy"),
    })
    .describe("What the card says"),
});

export type PolicyFile = z.infer<typeof policyFileSchema>;
