// The report of `npm run policy -- test`, and its text: what fails, what is not seen, what is not noticed, each with what to do.
import type { Coverage } from "./coverage.ts";
import type { MutantReport } from "./mutation/survivors.ts";
import type { Difference } from "./run-cases.ts";
import { printable } from "./terminal.ts";

/** What the test of one policy came to. */
export type TestReport = {
  readonly policy: string;
  readonly revision: string;
  readonly passed: number;
  readonly failing: readonly { readonly name: string; readonly differences: readonly Difference[] }[];
  readonly coverage: Coverage;
  /** Only where no case fails: a failing case would seem to notice every mutant. Survivors come with file and line. */
  readonly mutants: (Omit<MutantReport, "survivors"> & { readonly survivors: readonly Survivor[] }) | undefined;
};

export type Survivor = { readonly id: string; readonly at: string };

export function writeTestReport(report: TestReport): string {
  const { policy, revision, passed, failing, coverage } = report;
  const paragraphs = [
    [`${policy} ${revision}`],
    [
      `Cases: ${passed} pass, ${failing.length} fail`,
      ...failing.flatMap(({ name, differences }) => [
        `  ${name}`,
        ...differences.map(({ what, expected, got }) => `    ${what}: expected ${expected}, got ${got}`),
      ]),
    ],
    [
      `Seen: ${coverage.possible - coverage.unseen.length} of ${coverage.possible} things that the policy can give`,
      ...coverage.unseen.map((thing) => `  no case sees ${thing}`),
    ],
    writeMutants(report.mutants),
  ];
  return printable(`${paragraphs.map((lines) => lines.join("\n")).join("\n\n")}\n`);
}

function writeMutants(mutants: TestReport["mutants"]): string[] {
  if (!mutants) return ["Mutants: not made while cases fail"];
  const { survivors, noticed, unknown, equivalent } = mutants;
  return [
    `Mutants: ${mutants.mutants - survivors.length - equivalent} of ${mutants.mutants} noticed by a case, ${equivalent} named equivalent, ${survivors.length} not noticed`,
    ...(survivors.length > 0
      ? ["  Add a case that notices it, or name it under `equivalent` in cases.yaml and say why nothing can:"]
      : []),
    ...bySite(survivors),
    ...noticed.map(({ id, by }) => `  named equivalent, but "${by}" notices it: ${id}`),
    ...unknown.map((id) => `  named equivalent, but there is no such mutant: ${id}`),
  ];
}

/** Survivors of the same line together. */
function bySite(survivors: readonly Survivor[]): string[] {
  return [...Map.groupBy(survivors, ({ at }) => at)].flatMap(([at, same]) => [
    `  ${at}`,
    ...same.map(({ id }) => `    ${id}`),
  ]);
}
