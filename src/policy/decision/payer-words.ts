// Words on coverages that apply to every policy: benefits, and names that identify no payer. Names no real company; a
// policy adds its own. Without them, "None" or "Delta Dental" would count as another payer and suppress the card.
import type { PolicyFile } from "../format/policy-file.ts";
import { mentions } from "../terminology/terms.ts";

type Payer = PolicyFile["payer"];
type Words = Pick<Payer, "benefits" | "otherBenefits" | "selfPay" | "nobody">;

export const commonWords: Words = {
  benefits: ["medical", "pharmacy", "prescription"],
  // DENTPRG, VISPOL, WCBPOL, and AUTOPOL are codes of HL7 v3 ActCode (FHIR R4, v3-codesystems.json).
  otherBenefits: [
    ...["dental", "dentprg", "vision", "vispol"],
    ...["workers compensation", "worker s compensation", "workman s compensation", "workers comp", "worker s comp"],
    ...["work comp", "wcbpol", "auto", "automobile", "autopol", "motor vehicle", "no fault"],
  ],
  // "pay" is a code of HL7 Coverage SelfPay (FHIR R4, valuesets.json).
  selfPay: ["self pay", "selfpay", "private pay", "cash", "pay"],
  // Names that consist only of these: "Private Insurance", "Health Plan Inc".
  nobody: [
    ...["unknown", "none", "no", "n/a", "na", "other", "not applicable", "not available", "not on file", "not listed"],
    ...["not provided", "tbd", "uninsured", "insured", "insurance", "private", "commercial", "payer", "payor", "plan"],
    ...["coverage", "health", "medical", "pharmacy", "pharmacy benefit manager", "rx", "inc", "llc"],
  ],
};

/** Words that add nothing to another benefit: "Dental and Vision Plan", "Dental PPO". */
export const joiningWords = ["and", "plan", "insurance", "coverage", "care", "group", "ppo", "hmo"];

/** The payer with the common words, except benefits in its own name: "Vision Health" is not a vision plan. */
export function withCommonWords(payer: Payer): Payer {
  const isFree = (benefit: string) => !payer.names.some((name) => mentions(name, [benefit]));
  return {
    ...payer,
    benefits: [...payer.benefits, ...commonWords.benefits.filter(isFree)],
    otherBenefits: [...payer.otherBenefits, ...commonWords.otherBenefits.filter(isFree)],
    selfPay: [...payer.selfPay, ...commonWords.selfPay],
    nobody: [...payer.nobody, ...commonWords.nobody],
  };
}
