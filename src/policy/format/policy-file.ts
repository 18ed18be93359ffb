// The format of policy.yaml. Every scalar is text (YAML's failsafe schema), so that a code like 0123 stays as written.
import { z } from "zod";

/** Characters of a card's summary: CDS Hooks, "Card Attributes" (under 140). */
export const MAX_SUMMARY = 139;

const text = z.string().trim().min(1);
const yesOrNo = z.enum(["yes", "no"], "must be yes or no").transform((word) => word === "yes");
/** Terms in a list; a list among them (by a YAML anchor) counts as its terms. */
const terms = z
  .array(z.union([text, z.array(text)]))
  .transform((list) => list.flat())
  .default([]);
const fhirpath = text;
const template = text;
const valueSet = text.describe("The name of a file of value-sets/, without its ending");
const date = z.iso.date("must be a date such as 2026-03-25");
const summary = (which: string) => template.describe(`The summary ${which}: at most ${MAX_SUMMARY} characters`);
const definitionName = z.string().regex(/^[a-zA-Z]+$/, "must be letters only");

/** A text belongs to a value set when it holds all of `all`, one of `any` (if given) and none of `none`. */
const textRule = z
  .strictObject({
    all: terms.describe("Terms that must all occur"),
    any: terms.describe("Terms of which one must occur, if there are any"),
    none: terms.describe("Terms of which none may occur"),
  })
  .refine((rule) => rule.all.length + rule.any.length > 0, "needs terms under all or any");

/** A name is the substance when it is wholly one of `names`, and only mentions it otherwise; `except` is another substance. */
const nameRule = z.strictObject({
  names: terms.describe("What the substances of the value set are called"),
  except: terms.describe("Other substances that bear one of the names: povidone-iodine is not povidone"),
});

/** `show` says what the card writes of what was selected; without it, the criterion's own `show` does. */
const evidenceRule = z.strictObject({
  select: fhirpath.describe("FHIRPath that selects records from a chart variable: %medicationStatements.where(…)"),
  show: template.optional().describe("What the card writes of a record; without it, the criterion's own"),
  note: text.optional().describe("What the card adds, such as why it does not count"),
});

const outcomes = z.enum(["documented", "supporting", "not-found", "unknown"]);

const criterion = z.strictObject({
  id: text.describe("As the payer's document numbers it. Unique in the policy."),
  label: text.describe("How a line of the card begins"),
  inShort: text.describe("How a sentence names what has to be documented: the trial"),
  text: text.describe("The criterion in the words of the payer's document"),
  decides: yesOrNo.describe("yes: the exception depends on it. no: it is only shown"),
  documented: z.array(evidenceRule).min(1).describe("What counts"),
  supporting: z.array(evidenceRule).default([]).describe("What does not count alone, but is shown"),
  established: fhirpath.optional().describe("Yes or no of %evidence: whether nothing is left to be checked"),
  show: template.describe("What the card writes of a record, %evidence"),
  wouldCount: text.optional().describe("What would document it, for the card"),
  reminder: text.optional().describe("A sentence that the card adds whatever is found"),
  words: z
    .partialRecord(outcomes, text)
    .default({})
    .describe("The card's word for an outcome, where its own does not fit"),
});

const caution = z.strictObject({
  id: text.describe("Unique in the policy"),
  overridesException: yesOrNo.describe("yes: it speaks even when the exception is documented"),
  shownWithException: yesOrNo.describe("yes: it is shown beside a documented exception"),
  select: z.array(fhirpath).min(1).describe("FHIRPath that selects the records of which the card warns"),
  text: template.describe("What the card says; %evidence is what was selected"),
});

const system = z.url().describe("The URL of the code system");
const coding = z.strictObject({ system, code: text, display: text });
const replacement = coding.extend({
  strength: text.describe("Such as 100 mg"),
  valueSet: valueSet.describe("The value set of whatever tells this strength, brand or generic"),
  code: text.describe("The code that is ordered instead: of the preferred product, at this strength"),
});

export const policyFileSchema = z.strictObject({
  title: text.describe("The title of the payer's document"),
  publisher: text.describe("Who published the document"),
  reviewDate: date.describe("The document's date of review: 2026-03-25. The newest of the history"),
  document: text.describe("The document as one would cite it"),
  statement: text.describe("What the policy says, in your own words"),
  history: z
    .array(z.strictObject({ date, revision: text, changes: text }))
    .min(1)
    .describe("The document's history, the oldest first"),
  payer: z
    .strictObject({
      name: text.describe("How the card calls the payer"),
      names: z.array(text).min(1).describe("Terms by one of which a coverage names the payer"),
      benefits: terms.describe("Benefits for which the policy holds, beside medical, pharmacy and prescription"),
      otherBenefits: terms.describe(
        "Other benefits, beside dental, vision, workers compensation and automobile: a plan for one of these tells nothing",
      ),
      selfPay: terms.describe("What says that the patient pays, beside self pay and cash"),
      nobody: terms.describe(
        "Names that are no payer's, or many payers', such as those of pharmacy benefit managers; none, unknown and the like are known",
      ),
    })
    .describe("For whom the policy holds"),
  products: z
    .strictObject({
      nonPreferred: z.strictObject({
        name: text.describe("How the card calls it"),
        valueSet: valueSet.describe("The value set of whatever says that an order or record is of it"),
        brandNames: z.array(text).min(1).describe("In dosage text or a note, these forbid a change in one click"),
        brandOnly: terms.describe(
          "Words on an order that ask for the brand, or tell of a reaction: they forbid a change in one click",
        ),
      }),
      preferred: z.strictObject({
        name: text.describe("How the card calls it"),
        valueSet: valueSet.describe("The value set of whatever says that an order or record is of it"),
      }),
      productNeutral: terms.describe("Value sets whose codes do not tell which product it is, so that text may"),
      sameDrug: terms.describe("Value sets of the same drug that are not for certain one of the products"),
      replacements: z
        .array(replacement)
        .min(1)
        .describe(
          "What is ordered instead, strength by strength. Several of one strength are a choice, in the order of the plan",
        ),
    })
    .describe("What is preferred to what"),
  recognized: z
    .array(valueSet)
    .default([])
    .describe(
      "Value sets that nothing asks about: their codes alone say what a record is, so that its text is not read",
    ),
  definitions: z
    .record(definitionName, fhirpath)
    .default({})
    .describe("Pieces of FHIRPath that expressions name as %name; one may use those above it"),
  appliesTo: fhirpath.describe("Selects from %orders those that the policy speaks about, if they are of the products"),
  authorized: fhirpath.describe("Selects the orders that have prior authorization"),
  alreadyOrdered: fhirpath.describe("Selects orders in the chart beside which a change would make one too many"),
  criteria: z.array(criterion).min(1).describe("The criteria of the exception"),
  cautions: z.array(caution).default([]).describe("Reactions after which no change is offered in one click"),
  unanswered: z.array(fhirpath).default([]).describe("Select records that say that nothing is known"),
  text: z
    .record(text, z.array(textRule).min(1))
    .default({})
    .describe("By value set: how a record without a code of the policy is recognised by its text"),
  substances: z
    .strictObject({
      neutral: terms.describe("Words that leave a name what it is: allergy, tablet"),
      sets: z.record(text, nameRule).describe("By value set: the names of its substances"),
    })
    .default({ neutral: [], sets: {} })
    .describe("How a substance is recognised by its name"),
  card: z
    .strictObject({
      topic: coding.omit({ display: true }).describe("What the card is about, for the client"),
      overrideReasons: z.array(coding).min(1).describe("What a prescriber may give as reason for keeping the order"),
      texts: z
        .strictObject({
          summary: summary("of the card that suggests a change"),
          summaryCaution: summary("of the card that warns of a reaction"),
          summaryConfirm: summary("of the card on a documented exception"),
          planKnown: template.describe("Goes on after the order's name, where the coverage names the payer"),
          planUnknown: template.describe("Goes on after the order's name, where the payer is not known"),
          planConfirm: template.describe("Goes on after the order's name, where the exception is documented"),
          exception: template.describe("How the exception is requested; %missing is what is not documented"),
          confirm: template.describe("What is left to do where the exception is documented"),
          closing: template.describe("The last sentence"),
        })
        .describe("Text with {{ FHIRPath }} of %order, %orders, %missing, %payer and %policy"),
    })
    .describe("What the card says"),
});

export type PolicyFile = z.infer<typeof policyFileSchema>;
