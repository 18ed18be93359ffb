// Whether the patient's coverage names the policy's payer. Reads Coverage; names only, never a fetched Organization.
import type { Source } from "./chart.ts";
import { inFuture, inPast } from "./dates.ts";
import { type FhirRecord, namesOf, objectsIn, textIn } from "./fhir-json.ts";
import type { Policy } from "./policy.ts";
import { mentions } from "./terms.ts";

/** `other` only when every active medical or pharmacy coverage names a payer, and none of them this one. */
export type PayerMatch = "this-payer" | "other" | "unknown";

/**
 * Compares the active coverages of today with the policy's payer. A payor that names itself in no text, a person as
 * payor and a plan for another benefit (such as dental) tell nothing.
 */
export function matchPayer({ payer }: Pick<Policy, "payer">, source: Source): PayerMatch {
  if (source.state !== "read") return "unknown";
  const matches = source.records.filter((coverage) => isInForce(coverage)).map((coverage) => matchOne(payer, coverage));
  if (matches.includes("this-payer")) return "this-payer";
  const relevant = matches.filter((match) => match !== "other-benefit");
  const everythingRead = source.shortfalls.length === 0 && source.unreadable === 0;
  return everythingRead && relevant.length > 0 && relevant.every((match) => match === "other") ? "other" : "unknown";
}

const PERSON = /(^|\/)(Patient|RelatedPerson)\//;

function isInForce(coverage: FhirRecord): boolean {
  const [period] = objectsIn(coverage.period);
  return coverage.status === "active" && !(period && (inFuture(period) || inPast(period)));
}

function matchOne(payer: Policy["payer"], coverage: FhirRecord): PayerMatch | "other-benefit" {
  const payors = objectsIn(coverage.payor);
  const names = payors.map((payor) => textIn(payor.display));
  const types = objectsIn(coverage.type).flatMap((type) => [
    ...namesOf(type),
    ...objectsIn(type.coding).flatMap((coding) => textIn(coding.code) ?? []),
  ]);
  const known = names.filter((name) => name !== undefined);
  if ([...types, ...known].some((text) => mentions(text, payer.otherBenefits))) return "other-benefit";
  const isPerson = payors.some((payor) => PERSON.test(`${String(payor.type ?? payor.reference)}/`));
  if (known.some((name) => mentions(name, payer.names))) return "this-payer";
  return known.length > 0 && known.length === names.length && !isPerson ? "other" : "unknown";
}
