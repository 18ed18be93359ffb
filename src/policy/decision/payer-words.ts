// Words of coverages that every policy has: benefits, and names that are nobody's. They name no payer and no company; a policy adds those
// that it knows. Without them, "None" or "Delta Dental" would be another payer, and silence the card.
import type { PolicyFile } from "../format/policy-file.ts";
import { mentions } from "../terminology/terms.ts";

type Payer = PolicyFile["payer"];
type Words = Pick<Payer, "benefits" | "otherBenefits" | "selfPay" | "nobody">;

export const commonWords: Words = {
  benefits: ["medical", "pharmacy", "prescription"],
  // Among them codes of HL7 v3 ActCode: DENTPRG, VISPOL, WCBPOL, AUTOPOL (FHIR R4, v3-codesystems.json).
  otherBenefits: [
    ...["dental", "dentprg", "vision", "vispol"],
    ...["workers compensation", "worker s compensation", "workman s compensation", "workers comp", "worker s comp"],
    ...["work comp", "wcbpol", "auto", "automobile", "autopol", "motor vehicle", "no fault"],
  ],
  // "pay" is the code of HL7 Coverage SelfPay (FHIR R4, valuesets.json).
  selfPay: ["self pay", "selfpay", "private pay", "cash", "pay"],
  // A name that consists of these alone: "Private Insurance", "Health Plan Inc".
  nobody: [
    ...["unknown", "none", "no", "n/a", "na", "other", "not applicable", "not available", "not on file", "not listed"],
    ...["not provided", "tbd", "uninsured", "insured", "insurance", "private", "commercial", "payer", "payor", "plan"],
    ...["coverage", "health", "medical", "pharmacy", "pharmacy benefit manager", "rx", "inc", "llc"],
  ],
};

/** What may stand beside another benefit without being more than it: "Dental and Vision Plan", "Dental PPO". */
export const joiningWords = ["and", "plan", "insurance", "coverage", "care", "group", "ppo", "hmo"];

/** The payer with the words that every policy has. A benefit in the payer's own name is none: "Vision Health" is no plan for eyes. */
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
