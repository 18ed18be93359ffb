// The playground's made-up patients: each policy's cases marked as scenarios, or else the first case of each row.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "../policy/format/policy.ts";
import { callOfCase, loadCases, type PolicyCase } from "./cases.ts";

export type Scenario = {
  readonly id: string;
  readonly policy: string;
  /** Name and age. */
  readonly patient: string;
  /** What is special about the patient. */
  readonly story: string;
  readonly row: string;
  /** The EHR's order-sign request for this patient. */
  readonly call: ReturnType<typeof callOfCase>;
};

/** @param directory the folder of policies */
export function loadScenarios(directory: string, policies: readonly Policy[]): Scenario[] {
  return policies.flatMap(({ id: policy }) => {
    const folder = join(directory, policy);
    const cases = existsSync(join(folder, "cases.yaml")) ? loadCases(folder) : [];
    const marked = cases.filter(({ scenario }) => scenario);
    const shown = marked.length > 0 ? marked : firstOfEachRow(cases);
    return shown.map((each, index) => ({
      id: `${policy}-${index + 1}`,
      policy,
      patient: each.scenario?.patient ?? `Patient ${index + 1}`,
      story: each.scenario?.story ?? each.name,
      row: each.expect.row,
      call: callOfCase(each),
    }));
  });
}

function firstOfEachRow(cases: readonly PolicyCase[]): PolicyCase[] {
  return cases.filter(({ expect: { row } }, index) => cases.findIndex((other) => other.expect.row === row) === index);
}
