// CPU of one decision on a chart that was read, beside the same policy in CQL: over the whole Bundle, and over the records that our own
// selection leaves. The three alternate in each round. `node bench/cql/compare.ts` prints a table.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decide } from "../../src/policy/decide.ts";
import { loadPolicies } from "../../src/policy/load.ts";
import { callOf, DRUG, type Size } from "../patients.ts";
import { findDifferences, readCase, recordsOfCall, selectedRecords } from "./equal.ts";
import { createPeer } from "./peer.ts";

/** Milliseconds of CPU of the thread for one evaluation, and how often CQL takes ours. */
export type Compared = {
  readonly ours: number;
  readonly cql: number;
  /** Our selection included. */
  readonly cqlBehindSelection: number;
  readonly ratio: number;
  readonly ratioBehindSelection: number;
};

const SIZES = ["small", "medium", "large"] as const;
/** Evaluations in a round, each of a body of its own, as calls are. */
const OURS: Readonly<Record<Size, number>> = { small: 300, medium: 60, large: 8 };
const CQL: Readonly<Record<Size, number>> = { small: 40, medium: 8, large: 1 };

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** @throws Error where the engines do not answer alike: then there is nothing to compare */
export async function compareWithCql({ rounds = 7 }: { rounds?: number } = {}): Promise<Record<Size, Compared>> {
  const policy = loadPolicies("cards").find(({ id }) => id === "imatinib-preferred");
  if (!policy) throw new Error("cards/ holds no imatinib-preferred");
  const peer = await createPeer(policy);
  const differences = await findDifferences(policy, peer);
  if (differences.length > 0) throw new Error(`CQL and we answer differently:\n${differences.join("\n")}`);

  const compare = async (size: Size): Promise<Compared> => {
    const body = JSON.stringify(callOf(size, DRUG));
    const calls = (count: number) => Array.from({ length: count }, () => JSON.parse(body));
    const decideOn = async (call: ReturnType<typeof JSON.parse>) => {
      const { orders, chart } = await readCase(policy, call);
      return decide(policy, orders, chart);
    };
    const read = (count: number) => Promise.all(calls(count).map((call) => readCase(policy, call)));
    const ours: number[] = [];
    const whole: number[] = [];
    const selected: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      // Reading the chart is where our selection is made, so it counts.
      ours.push(await cpuOf(calls(OURS[size]), decideOn));
      whole.push(await cpuOf(calls(CQL[size]).map(recordsOfCall), (records) => peer.evaluate(records)));
      selected.push(await cpuOf(await read(CQL[size]), (given) => peer.evaluate(selectedRecords(policy, given))));
    }
    // The first round warms up.
    const [cost, cql, cqlBehindSelection] = [ours, whole, selected].map((costs) => median(costs.slice(1))) as Costs;
    return {
      ...{ ours: cost, cql, cqlBehindSelection },
      ...{ ratio: cql / cost, ratioBehindSelection: cqlBehindSelection / cost },
    };
  };
  return { small: await compare("small"), medium: await compare("medium"), large: await compare("large") };
}

type Costs = [number, number, number];

/** What is given is in memory before, and what was made of earlier rounds is not. */
async function cpuOf<Given>(given: readonly Given[], evaluate: (given: Given) => unknown): Promise<number> {
  collectGarbage();
  const before = process.threadCpuUsage();
  for (const each of given) await evaluate(each);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / given.length;
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

if (import.meta.main) {
  const compared = await compareWithCql();
  const write = (...columns: string[]) =>
    process.stdout.write(
      `${columns.map((column, at) => (at === 0 ? column.padEnd(8) : column.padStart(16))).join("")}\n`,
    );
  write("ms CPU", "ours", "CQL", "CQL / ours", "CQL, selected", "selected / ours");
  for (const size of SIZES) {
    const { ours, cql, cqlBehindSelection, ratio, ratioBehindSelection } = compared[size];
    write(
      size,
      ...[ours, cql].map((ms) => ms.toFixed(3)),
      ratio.toFixed(0),
      cqlBehindSelection.toFixed(3),
      ratioBehindSelection.toFixed(1),
    );
  }
}
