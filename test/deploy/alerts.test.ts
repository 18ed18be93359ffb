// The alert rules: well formed, and by metrics and labels that the service really has.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { collectState, createMetrics } from "../../src/http/metrics.ts";
import { forgetful } from "../support/service.ts";

const duration = z.string().regex(/^\d+[smh]$/);
const { groups } = z
  .strictObject({
    groups: z.tuple([
      z.strictObject({
        name: z.string(),
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Cds[A-Z]\w+$/),
            expr: z.string(),
            for: duration.optional(),
            labels: z.strictObject({ severity: z.enum(["page", "ticket"]) }),
            annotations: z.strictObject({ summary: z.string(), action: z.string() }),
          }),
        ),
      }),
    ]),
  })
  .parse(parse(readFileSync("deploy/alerts.yaml", "utf8")));
const [{ rules }] = groups;

const metrics = createMetrics();
collectState(metrics, forgetful);
const known = metrics.registry.getMetricsAsArray() as { name: string; type: unknown; labelNames?: string[] }[];
const series = known.flatMap(({ name }) => [name, `${name}_bucket`]);
/** And what Prometheus adds. */
const labels = [...known.flatMap(({ labelNames = [] }) => labelNames), "le", "instance"];
const FUNCTIONS = ["sum", "max", "min", "rate", "increase", "histogram_quantile", "absent", "by", "on", "group_left"];

/** The names in an expression: of series and functions, and of labels. */
function namesIn(expression: string): { names: string[]; labelNames: string[] } {
  const bare = expression.replace(/"[^"]*"/g, "").replace(/\[\w+\]/g, "");
  const lists = bare.match(/\{[^}]*\}|\b(?:by|on) \([^)]*\)/g) ?? [];
  const words = (text: string) => text.match(/[a-z_]\w*/gi) ?? [];
  const labelNames = lists.flatMap((list) => words(list.replace(/^(by|on)/, "")));
  const rest = lists.reduce((text, list) => text.replace(list, " "), bare);
  return { names: words(rest), labelNames };
}

test("every metric and label in an expression is one that the service has", () => {
  for (const { expr } of rules) {
    const { names, labelNames } = namesIn(expr);
    expect(names.filter((name) => ![...series, ...FUNCTIONS].includes(name))).toEqual([]);
    expect(names.some((name) => series.includes(name))).toBe(true);
    expect(labelNames.filter((name) => !labels.includes(name))).toEqual([]);
  }
});

test("labels in a summary are ones that the expression keeps", () => {
  for (const { expr, annotations } of rules) {
    const told = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, name = ""]) => name);
    const kept = (/by \(([^)]*)\)/.exec(expr)?.[1] ?? "").split(", ");
    expect(told.filter((name) => !kept.includes(name))).toEqual([]);
  }
});

test("there is an alert for each way in which it fails", () => {
  expect(rules.map(({ alert }) => alert)).toEqual([
    "CdsErrors",
    "CdsRefusals",
    "CdsSlow",
    "CdsTooSlow",
    "CdsEhrCircuitOpen",
    "CdsStoreDown",
    "CdsDecisionLogDropping",
    "CdsEventLoopLag",
    "CdsNoCalls",
    "CdsGone",
  ]);
});
