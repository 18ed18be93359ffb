// Checks a response against what CDS Hooks demands of a service: the specification's FHIRPath invariants and what it says in
// words ("Use of JSON", "Card Attributes"). Every response that a test gets through `startService` passes here.
import { randomUUID } from "node:crypto";
import fhirpath from "fhirpath";
import { isObject, objectsIn } from "../../src/policy/fhir-json.ts";

/** The invariants of the specification, as printed there. cds-resp-2 is a warning there; here it counts. */
const INVARIANTS = {
  card: {
    "cds-resp-1": "(selectionBehavior = 'at-most-one') implies suggestions.where(isRecommended).count() <= 1",
    "cds-resp-6": "suggestions.exists() implies selectionBehavior.exists()",
  },
  action: { "cds-resp-2": "(type = 'delete') implies (resourceId.exists() and resource.empty())" },
  link: { "cds-resp-3": "(type != 'smart') implies (appContext.empty())" },
  overrideReasons: { "cds-resp-4": "all(display.exists())" },
  suggestion: {
    "cds-resp-5": "actions.all(description.exists())",
    "cds-resp-7":
      "actionSelectionBehavior.empty() or actionSelectionBehavior = 'all' or actionSelectionBehavior = 'any' or actionSelectionBehavior = 'at-most-one'",
  },
};

/** The faults of a body that answers an order-sign call with 200. */
export function faultsOfCards(body: unknown): string[] {
  if (!isObject(body) || !Array.isArray(body.cards)) return ["cards is not a list"];
  const faults = Object.keys(body)
    .filter((key) => key !== "cards")
    .map((key) => `unexpected ${key}`);
  for (const card of objectsIn(body.cards)) {
    const suggestions = objectsIn(card.suggestions);
    faults.push(...broken("card", card), ...broken("overrideReasons", card.overrideReasons ?? []));
    for (const link of objectsIn(card.links)) faults.push(...broken("link", link));
    for (const suggestion of suggestions) {
      faults.push(...broken("suggestion", suggestion), ...broken("action", suggestion.actions ?? []));
    }
    faults.push(...faultsInWords(card, suggestions));
  }
  return faults;
}

function broken(kind: keyof typeof INVARIANTS, value: unknown): string[] {
  const each = kind === "overrideReasons" ? [value] : [value].flat();
  return Object.entries(INVARIANTS[kind]).flatMap(([id, expression]) =>
    each.every((one) => isTrue(one, expression)) ? [] : [id],
  );
}

function isTrue(value: unknown, expression: string): boolean {
  return fhirpath.evaluate(structuredClone(value), expression, {}, undefined, { async: false })[0] === true;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function* faultsInWords(card: Record<string, unknown>, suggestions: Record<string, unknown>[]): Generator<string> {
  const { summary, indicator, source, detail, uuid, selectionBehavior, links } = card;
  if (typeof summary !== "string" || summary.length === 0 || [...summary].length > 139) yield "summary";
  if (indicator !== "info" && indicator !== "warning") yield "indicator"; // coverage guidance is never critical
  if (typeof detail !== "string" || /<[a-z!/]/i.test(detail)) yield "detail holds HTML";
  if (typeof detail === "string" && detail.split("\n").filter(Boolean).length > 14) yield "detail is too long";
  if (!isObject(source) || typeof source.label !== "string" || typeof source.url !== "string") yield "source";
  if (!UUID.test(String(uuid))) yield "uuid";
  if (selectionBehavior !== undefined && !isSafe(selectionBehavior, suggestions)) yield "selectionBehavior";
  if (suggestions.length > 0 && links !== undefined) yield "links beside suggestions";
  for (const suggestion of suggestions) {
    if (typeof suggestion.label !== "string" || !UUID.test(String(suggestion.uuid))) yield "suggestion";
    if ("isRecommended" in suggestion) yield "isRecommended";
    const types = objectsIn(suggestion.actions).map(({ type }) => type);
    if (types.length !== 1 && types.join() !== "create,delete") yield "neither one action nor create and delete";
    for (const { type, resource, resourceId } of objectsIn(suggestion.actions)) {
      if (!["create", "update", "delete"].includes(String(type))) yield "action type";
      if (type === "delete" ? !/^\w+\/.+/.test(String(resourceId)) : !isObject(resource)) yield "action target";
    }
  }
  const withoutDrafts = (key: string, value: unknown) => (key === "resource" ? undefined : value);
  if (hasEmpty(JSON.parse(JSON.stringify(card, withoutDrafts)))) yield "null or empty element";
}

/** Under "any" no two suggestions change the same order, or both of two products could be ordered; "at-most-one" is of one order. */
function isSafe(selectionBehavior: unknown, suggestions: readonly Record<string, unknown>[]): boolean {
  const changed = suggestions.map(({ actions }) => {
    const [last] = objectsIn(actions).slice(-1);
    return last?.resourceId ?? (last?.type === "update" && isObject(last.resource) ? last.resource.id : randomUUID());
  });
  if (selectionBehavior === "any") return new Set(changed).size === changed.length;
  return selectionBehavior === "at-most-one" && changed.length > 1 && new Set(changed).size === 1;
}

/** "Elements SHALL NOT be null, "", [] or {}". What a draft held is the client's. */
function hasEmpty(value: unknown): boolean {
  if (value === null || value === "") return true;
  if (typeof value !== "object") return false;
  const inner = Object.values(value);
  return inner.length === 0 || inner.some(hasEmpty);
}

/** The faults of a body that answers with an error. */
export function faultsOfError(body: unknown): string[] {
  const issues = isObject(body) && body.resourceType === "OperationOutcome" ? objectsIn(body.issue) : [];
  const complete =
    issues.length > 0 && issues.every(({ severity, code, diagnostics }) => severity && code && diagnostics);
  const leak = /\bat .+:\d+:\d+|node_modules|\/src\//.test(JSON.stringify(body));
  return [...(complete ? [] : ["no complete OperationOutcome"]), ...(leak ? ["shows the inside of the service"] : [])];
}
