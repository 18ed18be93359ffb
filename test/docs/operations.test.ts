// The runbook is complete: every field of the log, every metric, every code of a refused token and every reason for no change stands in it.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { callOfCase, loadCases } from "../../src/cases/cases.ts";
import { jwtChecks } from "../../src/clients/jwt.ts";
import { collectState, createMetrics } from "../../src/http/metrics.ts";
import { call } from "../support/calls.ts";
import { forgetful, startService } from "../support/service.ts";

const page = readFileSync("docs/operations.md", "utf8");
const told = new Set([...page.matchAll(/`([\w-]+)`/g)].map(([, word = ""]) => word));
const untold = (words: Iterable<string>) => [...new Set(words)].filter((word) => !told.has(word));

test("every metric, with its labels, and none that is not there", async () => {
  const metrics = createMetrics();
  collectState(metrics, forgetful);
  const own = metrics.registry.getMetricsAsArray().filter(({ name }) => name.startsWith("cds_"));
  const named = own.map((metric) => {
    const { labelNames = [] } = metric as unknown as { labelNames?: string[] };
    return metric.name + (labelNames.length > 0 ? `{${labelNames.join(",")}}` : "");
  });
  const rows = [...page.matchAll(/^\| (`cds_[^|]*) \|/gm)].flatMap(([, cell = ""]) => cell.split(", `"));
  expect(rows.map((name) => name.replaceAll("`", "")).sort()).toEqual(named.sort());
});

test("every field of the line of a call, every silent row and every reason for no change", async () => {
  const service = await startService();
  for (const each of loadCases("cards/imatinib-preferred")) await service.orderSign(callOfCase(each));
  await service.orderSign(call([{ resourceType: "MedicationOrder" }, null]));
  await service.orderSign({});
  await service.feedback({
    feedback: [{ card: randomUUID(), outcome: "overridden", outcomeTimestamp: "2026-11-24T10:00:00Z" }],
  });
  await service.stop();
  type Line = { msg: string; steps?: object; decisions?: { row: string; changes: string[] }[]; cards?: unknown[] };
  const lines = service.log.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === "call");
  expect(lines.length).toBeGreaterThan(50);
  const ofPino = new Set(["level", "time", "msg"]);
  expect(untold(lines.flatMap((line) => Object.keys(line)).filter((name) => !ofPino.has(name)))).toEqual([]);
  expect(untold(lines.flatMap(({ steps }) => Object.keys(steps ?? {})))).toEqual([]);
  const decisions = lines.flatMap(({ decisions, cards }) => (cards?.length ? [] : (decisions ?? [])));
  expect(untold(decisions.map(({ row }) => row).filter((row) => row !== "nothing-read"))).toEqual([]);
  expect(untold(lines.flatMap(({ decisions }) => (decisions ?? []).flatMap(({ changes }) => changes)))).toEqual([]);
});

test("every code of a refused token", () => {
  expect(untold(jwtChecks)).toEqual([]);
});
