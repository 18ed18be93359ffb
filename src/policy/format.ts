// The format of policy.yaml. Every scalar is text (YAML's failsafe schema), so that a code like 0123 stays as written.
import { z } from "zod";

const text = z.string().trim().min(1);
const yesOrNo = z.enum(["yes", "no"], "must be yes or no").transform((word) => word === "yes");
/** Terms in a list; a list among them (by a YAML anchor) counts as its terms. */
const terms = z
  .array(z.union([text, z.array(text)]))
  .transform((list) => list.flat())
  .default([]);
const fhirpath = text;
const template = text;

/** A text belongs to a value set when it holds all of `all`, one of `any` (if given) and none of `none`. */
const textRule = z
  .strictObject({ all: terms, any: terms, none: terms })
  .refine((rule) => rule.all.length + rule.any.length > 0, "needs terms under all or any");

/** A name is the substance when it is wholly one of `names`, and only mentions it otherwise; `except` is another substance. */
const nameRule = z.strictObject({ names: terms, except: terms });

/** `show` says what the card writes of what was selected; without it, the criterion's own `show` does. */
const evidenceRule = z.strictObject({ select: fhirpath, show: template.optional(), note: text.optional() });

const criterion = z.strictObject({
  id: text,
  label: text,
  inShort: text,
  text,
  decides: yesOrNo,
  documented: z.array(evidenceRule).min(1),
  supporting: z.array(evidenceRule).default([]),
  established: fhirpath.optional(),
  show: template,
  wouldCount: text.optional(),
  reminder: text.optional(),
  words: z.partialRecord(z.enum(["documented", "supporting", "not-found", "unknown"]), text).default({}),
});

const caution = z.strictObject({
  id: text,
  overridesException: yesOrNo,
  shownWithException: yesOrNo,
  select: z.array(fhirpath).min(1),
  text: template,
});

const coding = z.strictObject({ system: z.url(), code: text, display: text });

export const policyFileSchema = z.strictObject({
  title: text,
  publisher: text,
  reviewDate: z.iso.date(),
  document: text,
  statement: text,
  history: z.array(z.strictObject({ date: z.iso.date(), revision: text, changes: text })).min(1),
  payer: z.strictObject({
    name: text,
    names: z.array(text).min(1),
    benefits: terms,
    otherBenefits: terms,
    selfPay: terms,
    nobody: terms,
  }),
  products: z.strictObject({
    nonPreferred: z.strictObject({ name: text, valueSet: text, brandNames: z.array(text).min(1), brandOnly: terms }),
    preferred: z.strictObject({ name: text, valueSet: text }),
    productNeutral: terms,
    sameDrug: terms,
    replacements: z.array(coding.extend({ strength: text, valueSet: text })).min(1),
  }),
  definitions: z.record(z.string().regex(/^[a-zA-Z]+$/), fhirpath).default({}),
  appliesTo: fhirpath,
  authorized: fhirpath,
  alreadyOrdered: fhirpath,
  criteria: z.array(criterion).min(1),
  cautions: z.array(caution).default([]),
  unanswered: z.array(fhirpath).default([]),
  text: z.record(text, z.array(textRule).min(1)).default({}),
  substances: z.strictObject({ neutral: terms, sets: z.record(text, nameRule) }).default({ neutral: [], sets: {} }),
  card: z.strictObject({
    topic: coding.omit({ display: true }),
    overrideReasons: z.array(coding).min(1),
    texts: z.strictObject({
      summary: template,
      summaryCaution: template,
      summaryConfirm: template,
      planKnown: template,
      planUnknown: template,
      planConfirm: template,
      exception: template,
      confirm: template,
      closing: template,
    }),
  }),
});

export type PolicyFile = z.infer<typeof policyFileSchema>;
