// Runs a policy's cases on its mutants and reports those that no case catches. A mutant that the author lists as
// equivalent, with a reason, must not be caught.
import { withCommonWords } from "../../policy/decision/payer-words.ts";
import type { CaseFile } from "../../policy/format/case-file.ts";
import { policyOf, terminologyOf, type WrittenPolicy } from "../../policy/load/load.ts";
import { memoizeByObject } from "../../policy/memoize.ts";
import { type Check, checksOf, type Tested } from "../run-cases.ts";
import { type Mutant, mutantsOf } from "./mutants.ts";

export type MutantReport = {
  readonly mutants: number;
  /** Not caught, and not listed as equivalent. */
  readonly survivors: readonly Mutant[];
  readonly equivalent: number;
  /** Listed as equivalent, but a case catches them. */
  readonly noticed: readonly { readonly id: string; readonly by: string }[];
  /** Listed as equivalent, but there is no such mutant. */
  readonly unknown: readonly string[];
};

/** @param cases the policy must pass all of them */
export function findSurvivors(written: WrittenPolicy, cases: CaseFile): MutantReport {
  const mutants = mutantsOf(written);
  const named = new Set(cases.equivalent.flatMap(({ mutants: ids }) => ids));
  const known = new Set(mutants.map(({ id }) => id));
  const notice = createNotice(cases);
  const results = mutants.map((mutant) => {
    const made = mutant.make();
    const by = notice(testedOf(made)) ?? (isAccepted(made) ? undefined : "check");
    return { mutant, by };
  });
  const silent = results.filter(({ by }) => by === undefined).map(({ mutant }) => mutant);
  return {
    mutants: mutants.length,
    survivors: silent.filter(({ id }) => !named.has(id)),
    equivalent: silent.filter(({ id }) => named.has(id)).length,
    noticed: results.flatMap(({ mutant: { id }, by }) => (by !== undefined && named.has(id) ? [{ id, by }] : [])),
    unknown: [...named].filter((id) => !known.has(id)),
  };
}

export function testedOf(written: WrittenPolicy): Tested {
  const policy = memoizeByObject((each: WrittenPolicy) => policyOf(each, terminologyOf(each)));
  return {
    terminology: terminologyOf(written),
    payer: withCommonWords(written.file.payer),
    policy: () => policy(written),
  };
}

/** Whether `check` accepts the policy. One that it rejects never runs, so no case needs to catch it. */
function isAccepted(written: WrittenPolicy): boolean {
  let isSound = true;
  const fault = () => {
    isSound = false;
  };
  policyOf({ ...written, source: { ...written.source, fault } }, terminologyOf(written));
  return isSound;
}

/** Finds the first check that fails. Starts with the cases that caught the last mutants: they often catch the next. */
function createNotice(cases: CaseFile): (tested: Tested) => string | undefined {
  const { cases: none, ...tables } = cases;
  const quick = checksOf({ ...tables, cases: [] });
  let slow = checksOf({ ...cases, names: {}, codes: {}, payers: {} });
  return (tested) => {
    const differs = ({ differences }: Check) => !differences(tested)[Symbol.iterator]().next().done;
    const inTables = quick.find(differs);
    if (inTables) return inTables.name;
    const inCases = slow.find(differs);
    if (inCases) slow = [inCases, ...slow.filter((each) => each !== inCases)];
    return inCases?.name;
  };
}
