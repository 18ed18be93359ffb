// `npm run policy -- test`: runs the cases of policies and reports what they do not cover or catch.
import { parseArgs } from "node:util";
import { readCases } from "../cases/cases.ts";
import type { Command } from "./command.ts";
import { coverageOf } from "./coverage.ts";
import { findSurvivors, type MutantReport, testedOf } from "./mutation/survivors.ts";
import { openPolicy, policiesIn } from "./open-policy.ts";
import { checksOf } from "./run-cases.ts";
import { type TestReport, writeTestReport } from "./test-text.ts";

export const test: Command = {
  usage: "[policy] [--cards dir] [--format text|json]",
  async run(args, { stdout }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { cards: { type: "string", default: "cards" }, format: { type: "string", default: "text" } },
    });
    const { cards, format } = values;
    if (positionals.length > 1) throw new TypeError("name one policy, or none for all");
    if (!["text", "json"].includes(format)) throw new TypeError("--format must be text or json");
    const names = positionals.length === 1 ? positionals : policiesIn(cards);
    const reports = names.map((name) => testPolicy(cards, name));
    stdout.write(format === "json" ? `${JSON.stringify(reports, null, 2)}\n` : reports.map(writeTestReport).join("\n"));
    return reports.every(isGood) ? 0 : 1;
  },
};

function testPolicy(cards: string, name: string | undefined): TestReport {
  const { folder, written, policy } = openPolicy(cards, name);
  const cases = readCases(folder);
  const tested = testedOf(written);
  const results = checksOf(cases).map((check) => ({ name: check.name, differences: [...check.differences(tested)] }));
  const failing = results.filter(({ differences }) => differences.length > 0);
  return {
    policy: policy.id,
    revision: policy.revision,
    passed: results.length - failing.length,
    failing,
    coverage: coverageOf(policy, cases),
    mutants: failing.length === 0 ? withLines(findSurvivors(written, cases)) : undefined,
  };
}

function withLines(report: MutantReport): TestReport["mutants"] {
  return { ...report, survivors: report.survivors.map(({ id, writtenAt }) => ({ id, at: writtenAt() })) };
}

/** Whether the author has nothing left to fix. */
function isGood({ failing, coverage, mutants }: TestReport): boolean {
  const { survivors = [], noticed = [], unknown = [] } = mutants ?? {};
  return [failing, coverage.unseen, survivors, noticed, unknown].every((list) => list.length === 0);
}
