// The API's requests and responses as zod schemas, for openapi.ts. A test checks them against the real service.
import { z } from "zod";
import { feedbackCall } from "../cds-hooks/feedback.ts";
import { orderSignCall } from "../cds-hooks/request.ts";
import { MAX_REASONS, OTHER_REASONS } from "../store/report.ts";

const text = z.string().min(1);
const count = z.int().min(0);
const fhirResource = z.looseObject({ resourceType: text }).describe("A FHIR R4 resource");
const coding = z.object({ system: text, code: text, display: text });

const action = z
  .discriminatedUnion("type", [
    z.object({ type: z.enum(["create", "update"]), description: text, resource: fhirResource }),
    z.object({ type: z.literal("delete"), description: text, resourceId: text }),
  ])
  .describe("CDS Hooks, Action");

const suggestion = z.object({ label: text, uuid: z.guid(), actions: z.array(action).min(1) });

const card = z
  .object({
    uuid: z.guid(),
    summary: text.max(139),
    detail: text.describe("GitHub Flavored Markdown, without HTML"),
    indicator: z.enum(["info", "warning"]),
    source: z.object({ label: text, url: z.url(), topic: z.object({ system: text, code: text }) }),
    suggestions: z.array(suggestion).min(1).optional(),
    selectionBehavior: z.enum(["any", "at-most-one"]).optional(),
    overrideReasons: z.array(coding).min(1).optional(),
    extension: z
      .object({ "davinci-crd.associated-resource": z.array(z.object({ reference: text })).min(1) })
      .optional()
      .describe("The orders that the card is about"),
  })
  .describe("CDS Hooks, Card. Empty elements are omitted");

const rate = z
  .object({ rate: z.number(), low: z.number(), high: z.number() })
  .optional()
  .describe("Share of cards with feedback that was accepted, with its 95% interval; absent without feedback");
const totals = { cards: count, accepted: count, overridden: count, ignored: count, acceptance: rate };

const rules = z.array(z.object({ note: text.optional(), expression: text }));
const terms = z.array(z.string());

/** Named schemas: the components of the document. */
export const shapes = {
  Discovery: z.object({
    services: z.array(
      z.object({
        hook: text,
        hookVersion: text,
        version: text,
        id: text,
        title: text,
        description: text,
        usageRequirements: text,
        prefetch: z.record(z.string(), z.string()),
      }),
    ),
  }),
  OrderSignCall: orderSignCall,
  Card: card,
  Cards: z.object({ cards: z.array(card) }).describe("An empty list means no advice"),
  Feedback: feedbackCall,
  Insights: z.object({
    ...totals,
    unknown: z.object({ accepted: count, overridden: count }),
    reasons: z
      .array(z.object({ reason: text, system: z.string().nullable(), cards: count }))
      .max(MAX_REASONS + 1)
      .describe(`The ${MAX_REASONS} most frequent, and "${OTHER_REASONS}" for the rest`),
    byRevision: z.array(z.object({ policy: text, revision: text, ...totals })),
    byClient: z.array(z.object({ client: text, ...totals })),
    latency: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).optional().describe("Milliseconds"),
  }),
  Policy: z.object({
    id: text,
    revision: text.describe("Review date and the first 12 hex digits of a SHA-256 over the policy's folder"),
    title: text,
    publisher: text,
    reviewDate: z.iso.date(),
    document: text,
    operator: text,
    statement: text,
    payer: z.object({
      ...{ name: text, names: terms, benefits: terms },
      ...{ otherBenefits: terms, selfPay: terms, nobody: terms },
    }),
    products: z.object({
      nonPreferred: z.object({ name: text, valueSet: text, brandNames: terms, brandOnly: terms }),
      preferred: z.object({ name: text, valueSet: text }),
      replacements: z.array(coding.extend({ strength: text, valueSet: text })),
    }),
    appliesTo: text.describe("FHIRPath, like all rules"),
    authorized: text,
    alreadyOrdered: text,
    criteria: z.array(
      z.object({
        ...{ id: text, label: text, text },
        ...{ decides: z.boolean(), documented: rules, supporting: rules, established: text.optional() },
      }),
    ),
    cautions: z.array(z.object({ id: text, overridesException: z.boolean(), expressions: z.array(text) })),
    unanswered: z.array(text),
    valueSets: z.array(
      z.object({
        ...{ name: text, title: text, description: text.optional(), excludes: terms },
        concepts: z.array(coding.extend({ comment: text.optional() })),
        text: z.array(z.object({ all: terms, any: terms, none: terms })),
        names: z.object({ names: terms, except: terms, neutral: terms }).optional(),
      }),
    ),
    history: z.array(z.object({ date: z.iso.date(), revision: text, changes: text })),
  }),
  Live: z.object({ status: z.literal("live") }),
  Ready: z.object({
    status: z.enum(["ready", "starting", "degraded", "draining"]),
    mode: z.enum(["open", "registered"]),
    warning: text.optional().describe("What open mode allows"),
    store: z.object({ status: z.enum(["ok", "starting", "degraded"]), why: text.optional() }),
    policies: z.array(z.object({ id: text, revision: text })),
  }),
  OperationOutcome: z.object({
    resourceType: z.literal("OperationOutcome"),
    issue: z
      .array(
        z.object({
          severity: z.literal("error"),
          code: text,
          details: z
            .object({ coding: z.array(z.object({ code: text })) })
            .optional()
            .describe("On a 401: the check that failed"),
          diagnostics: text,
          expression: z.array(text).optional().describe("The fields at fault"),
        }),
      )
      .min(1),
  }),
};

export type Shape = keyof typeof shapes;
