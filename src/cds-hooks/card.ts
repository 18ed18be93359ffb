// The card of a decision (CDS Hooks, "Card Attributes"): one per policy and request, for all orders that the policy
// applies to. Its text is in detail.ts, its suggestions in suggestion.ts.
import { randomUUID } from "node:crypto";
import type { Decision, Row } from "../policy/decision/decide.ts";
import { referenceTo } from "../policy/fhir-json.ts";
import { renderPlain } from "../policy/fhirpath/template.ts";
import type { CardTexts, Policy } from "../policy/format/policy.ts";
import { MAX_SUMMARY } from "../policy/format/policy-file.ts";
import { memoizeByObject } from "../policy/memoize.ts";
import type { Texts } from "../policy/terminology/texts.ts";
import { nameOrders, templateValuesOf, writeDetail } from "./detail.ts";
import { type ClientForm, changesOffered, isChoice, type Suggestion, suggestionsFor } from "./suggestion.ts";

type Coding = { system: string; code: string; display: string };

/** CDS Hooks "Card". Empty elements are omitted. */
export type Card = {
  uuid: string;
  summary: string;
  detail: string;
  indicator: "info" | "warning";
  source: { label: string; url: string; topic: Omit<Coding, "display"> };
  suggestions?: Suggestion[];
  selectionBehavior?: "any" | "at-most-one";
  overrideReasons?: Coding[];
  extension?: { "davinci-crd.associated-resource": { reference: string }[] };
};

export type CardSettings = {
  /** Public address of the service, without a trailing slash. */
  readonly baseUrl: string;
  /** Whether an established exception gets an informational card. */
  readonly exceptionCard: boolean;
};

const MAX_TOPIC_LENGTH = 100;

type CardStyle = { readonly indicator: Card["indicator"]; readonly summary: keyof CardTexts };

const WARNING: CardStyle = { indicator: "warning", summary: "summary" };
const CAUTION: CardStyle = { indicator: "warning", summary: "summaryCaution" };
const CONFIRM: CardStyle = { indicator: "info", summary: "summaryConfirm" };

/** Card style by row; a row without one has no card. Never critical: it is coverage guidance. */
function styleOf(row: Row, { exceptionCard }: CardSettings): CardStyle | undefined {
  const styles: Record<Row, CardStyle | undefined> = {
    "other-payer": undefined,
    authorized: undefined,
    "nothing-read": undefined,
    "overriding-caution": CAUTION,
    "exception-established": exceptionCard ? CONFIRM : undefined,
    "exception-to-confirm": CONFIRM,
    caution: CAUTION,
    "cautions-unread": WARNING,
    change: WARNING,
  };
  return styles[row];
}

/** The card, or undefined if the row has none. @param texts the request's texts */
export function cardFor(decision: Decision, texts: Texts, settings: CardSettings, form: ClientForm): Card | undefined {
  const style = styleOf(decision.row, settings);
  if (!style) return undefined;
  const { policy, changes } = decision;
  const names = nameOrders(decision);
  const values = templateValuesOf(decision);
  const offered = changesOffered(changes, form);
  const suggestions = changes.flatMap((change, index) =>
    offered.has(change) ? suggestionsFor(change, policy, names[index] ?? policy.nonPreferred.name, form) : [],
  );
  const selectionBehavior = [...offered].some(isChoice) ? "at-most-one" : "any"; // every known client supports "any"
  const orders = changes.map(({ order }) => referenceTo(order.asSent)).filter((reference) => reference !== undefined);
  return {
    uuid: randomUUID(),
    summary: shorten(renderPlain(policy.texts[style.summary], values, texts)),
    indicator: style.indicator,
    detail: writeDetail({ decision, names, values, offered, form, texts }),
    source: {
      label: labelOf(policy),
      url: `${settings.baseUrl}/policies/${encodeURIComponent(policy.id)}`,
      topic: topicOf(policy, settings, form),
    },
    ...(suggestions.length > 0 && { suggestions, selectionBehavior }),
    ...(style.indicator === "warning" && { overrideReasons: [...policy.overrideReasons] }),
    ...(orders.length > 0 && {
      extension: { "davinci-crd.associated-resource": orders.map((reference) => ({ reference })) },
    }),
  };
}

/**
 * The card's topic. Epic accepts letters and digits only, and suppresses cards by topic after an override. So the code
 * includes the policy: otherwise overriding one drug's card would suppress every other's.
 */
function topicOf(policy: Policy, { baseUrl }: CardSettings, { dialect }: ClientForm): Omit<Coding, "display"> {
  if (dialect === "standard") return policy.topic;
  const code = `${policy.topic.code}${policy.id}`.replace(/[^a-z0-9]/gi, "").slice(0, MAX_TOPIC_LENGTH);
  return { system: `${baseUrl}/policies`, code };
}

function shorten(summary: string): string {
  if (summary.length <= MAX_SUMMARY) return summary;
  const characters = [...summary];
  return characters.length > MAX_SUMMARY ? `${characters.slice(0, MAX_SUMMARY - 1).join("")}…` : summary;
}

const labelOf = memoizeByObject(
  ({ publisher, title, reviewDate }: Policy) => `${publisher}: ${title} (reviewed ${usDate(reviewDate)})`,
);

/** 2026-03-25 as 03/25/2026, as US payers write it. */
function usDate(date: string): string {
  return date.replace(/^(\d{4})-(\d{2})-(\d{2})$/, "$2/$3/$1");
}
