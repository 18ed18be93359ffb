// Matches the patient's coverage with the policy's payer, by name. Never fetches an Organization.

import { codingsOf, type FhirObject, type FhirRecord, namesOf, objectsIn, textIn } from "../fhir-json.ts";
import { inFuture, inPast, isDate } from "../fhirpath/dates.ts";
import type { Policy } from "../format/policy.ts";
import { memoizeByObject } from "../memoize.ts";
import { consistsOf, type Folded, mentions } from "../terminology/terms.ts";
import { TextBudgetSpent, type Texts } from "../terminology/texts.ts";
import type { Source } from "./chart.ts";
import { joiningWords } from "./payer-words.ts";

/** `other` only if every active medical or pharmacy coverage names a payer, and none names this one. */
export type PayerMatch = "this-payer" | "other" | "unknown";

/**
 * Compares the coverages in force today with the policy's payer. Ignores plans for other benefits, such as dental. A
 * coverage that does not clearly name another payer leaves the match unknown.
 */
export function matchPayer({ payer }: Pick<Policy, "payer">, source: Source, texts: Texts): PayerMatch {
  if (source.state !== "read") return "unknown";
  const inForce = source.records.filter((coverage) => isInForce(coverage));
  const matches = inForce.map((coverage) => matchWithin(payer, coverage, texts));
  if (matches.includes("this-payer")) return "this-payer";
  const relevant = matches.filter((match) => match !== "other-benefit");
  const everythingRead = source.shortfalls.length === 0 && source.unreadable === 0;
  return everythingRead && relevant.length > 0 && relevant.every((match) => match === "other") ? "other" : "unknown";
}

function isInForce(coverage: FhirRecord): boolean {
  const [period] = objectsIn(coverage.period);
  return coverage.status === "active" && !(period && (inFuture(period) || inPast(period)));
}

/** Unknown once the text budget is spent. */
function matchWithin(payer: Policy["payer"], coverage: FhirRecord, texts: Texts): ReturnType<typeof matchOne> {
  try {
    return matchOne(payer, coverage, texts);
  } catch (error) {
    if (error instanceof TextBudgetSpent) return "unknown";
    throw error;
  }
}

function matchOne(payer: Policy["payer"], coverage: FhirRecord, texts: Texts): PayerMatch | "other-benefit" {
  const payors = objectsIn(coverage.payor);
  const names = foldAll(
    payors.map(({ display }) => display),
    texts,
  );
  const concepts = objectsIn(coverage.type);
  const types = foldAll([...concepts.flatMap(namesOf), ...concepts.flatMap(codingsOf).map(({ code }) => code)], texts);
  const plans = foldAll(
    objectsIn(coverage.class).map(({ name }) => name),
    texts,
  );

  const isOwn = names.some((name) => mentions(name, payer.names));
  const mentioning = (benefits: readonly string[]) => [...types, ...names].filter((text) => mentions(text, benefits));
  const others = mentioning(payer.otherBenefits);
  if (others.length > 0 && !(isOwn && mentioning(payer.benefits).length > 0)) {
    // The payer's name with the type "PPO with vision" is not a vision-only plan.
    const isOnlyOthers = others.every((text) => consistsOf(text, payer.otherBenefits, besideBenefits(payer)));
    return isOwn && !isOnlyOthers ? "unknown" : "other-benefit";
  }
  if (hasUnclearPeriod(coverage)) return "unknown";
  if (isOwn) return "this-payer";

  const isNamed = payors.length > 0 && names.length === payors.length && !payors.some(isPerson);
  const isNobody = names.some((name) => consistsOf(name, payer.nobody));
  const isSelfPay = [...types, ...names].some((text) => consistsOf(text, payer.selfPay));
  const isOwnPlan = [...types, ...plans].some((text) => mentions(text, payer.names));
  return isNamed && !isNobody && !isSelfPay && !isOwnPlan ? "other" : "unknown";
}

/** Words that add nothing to another benefit. */
const besideBenefits = memoizeByObject(({ names }: Policy["payer"]) => [...names, ...joiningWords]);

/** Folds the nonempty strings. */
function foldAll(values: readonly unknown[], texts: Texts): Folded[] {
  return values
    .map(textIn)
    .filter((text) => text !== undefined)
    .map(texts.fold);
}

function isPerson({ type, reference }: FhirObject): boolean {
  return /(^|\/)(Patient|RelatedPerson)\//.test(`${String(type ?? reference)}/`);
}

/** An invalid period may be over or may not have begun. */
function hasUnclearPeriod({ period }: FhirRecord): boolean {
  const [range] = objectsIn(period);
  if (!range) return period !== undefined;
  return [range.start, range.end].some((date) => date !== undefined && !isDate(date));
}
