// Writes the report of `npm run policy -- test`: failing cases, what no case covers, and mutants that no case catches.
import type { Coverage } from "./coverage.ts";
import type { MutantReport } from "./mutation/survivors.ts";
import type { Difference } from "./run-cases.ts";
import { printable } from "./terminal.ts";

/** The test results of one policy. */
export type TestReport = {
  readonly policy: string;
  readonly revision: string;
  readonly passed: number;
  readonly failing: readonly { readonly name: string; readonly differences: readonly Difference[] }[];
  readonly coverage: Coverage;
  /** Absent if a case fails, since it would seem to catch every mutant. Survivors have their file and line. */
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
      `Coverage: the cases cover ${coverage.possible - coverage.unseen.length} of ${coverage.possible} possible results`,
      ...coverage.unseen.map((thing) => `  no case covers ${thing}`),
    ],
    writeMutants(report.mutants),
  ];
  return printable(`${paragraphs.map((lines) => lines.join("\n")).join("\n\n")}\n`);
}

function writeMutants(mutants: TestReport["mutants"]): string[] {
  if (!mutants) return ["Mutants: skipped until all cases pass"];
  const { survivors, noticed, unknown, equivalent } = mutants;
  return [
    `Mutants: ${mutants.mutants - survivors.length - equivalent} of ${mutants.mutants} caught, ${equivalent} listed as equivalent, ${survivors.length} not caught`,
    ...(survivors.length > 0
      ? ["  Add a case that catches it, or list it under `equivalent` in cases.yaml and say why no case can:"]
      : []),
    ...bySite(survivors),
    ...noticed.map(({ id, by }) => `  listed as equivalent, but "${by}" catches it: ${id}`),
    ...unknown.map((id) => `  listed as equivalent, but there is no such mutant: ${id}`),
  ];
}

/** Groups survivors by line. */
function bySite(survivors: readonly Survivor[]): string[] {
  return [...Map.groupBy(survivors, ({ at }) => at)].flatMap(([at, same]) => [
    `  ${at}`,
    ...same.map(({ id }) => `    ${id}`),
  ]);
}
