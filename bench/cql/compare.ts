// CPU of one decision, the reading of its chart included, beside the same policy in CQL: over the whole Bundle, and over the records that our own
// selection leaves. The three alternate in each round. `node bench/cql/compare.ts` prints a table.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decide } from "../../src/policy/decision/decide.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { callOf, DRUG, type Size } from "../patients.ts";
import { findDifferences, readCase, recordsOfCall, selectedRecords } from "./equal.ts";
import { createPeer } from "./peer.ts";

/** Milliseconds of CPU of the thread for one evaluation, and how often CQL takes ours. */
export type Compared = {
  /** Reading the chart, which is where records are selected, and the decision. */
  readonly ours: number;
  /** The decision alone, on a chart that was read. */
  readonly decision: number;
  readonly cql: number;
  /** CQL on the records that our selection leaves. */
  readonly cqlBehindSelection: number;
  /** CQL over the whole, beside reading and decision. */
  readonly ratio: number;
  /** CQL beside the decision, both on what the selection leaves. */
  readonly ratioBehindSelection: number;
};

const SIZES = ["small", "medium", "large"] as const;
/** Evaluations in a round, each of a body of its own, as calls are. */
const OURS: Readonly<Record<Size, number>> = { small: 300, medium: 60, large: 8 };
const CQL: Readonly<Record<Size, number>> = { small: 40, medium: 8, large: 1 };
const SELECTED = 30;

/** Rounds of ours before: CQL runs long enough in its first round. */
const WARM_UP = 10;

setFlagsFromString("--expose-gc");
const collectGarbage: (how: { type: "minor" }) => void = runInNewContext("gc");

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
      const { orders, chart, reading } = await readCase(policy, call);
      return decide(orders, chart, reading);
    };
    const read = (count: number) => Promise.all(calls(count).map((call) => readCase(policy, call)));
    const ours: number[] = [];
    const alone: number[] = [];
    const whole: number[] = [];
    const selected: number[] = [];
    for (let run = 0; run < WARM_UP; run += 1) await cpuOf(calls(OURS[size]), decideOn);
    for (let round = 0; round <= rounds; round += 1) {
      // Reading the chart is where our selection is made, so it counts.
      ours.push(await cpuOf(calls(OURS[size]), decideOn));
      alone.push(timeOf(await read(OURS[size]), ({ orders, chart, reading }) => decide(orders, chart, reading)));
      whole.push(await cpuOf(calls(CQL[size]).map(recordsOfCall), (records) => peer.evaluate(records)));
      selected.push(await cpuOf(await read(SELECTED), (given) => peer.evaluate(selectedRecords(given))));
    }
    // The first round warms up.
    const [cost, decision, cql, cqlBehindSelection] = [ours, alone, whole, selected].map((costs) =>
      median(costs.slice(1)),
    ) as Costs;
    return {
      ...{ ours: cost, decision, cql, cqlBehindSelection },
      ...{ ratio: cql / cost, ratioBehindSelection: cqlBehindSelection / decision },
    };
  };
  return { small: await compare("small"), medium: await compare("medium"), large: await compare("large") };
}

type Costs = [number, number, number, number];

/** What is given is in memory before. Not all garbage is collected: that would throw away what V8 has optimised. */
async function cpuOf<Given>(given: readonly Given[], evaluate: (given: Given) => unknown): Promise<number> {
  collectGarbage({ type: "minor" });
  const before = process.threadCpuUsage();
  for (const each of given) await evaluate(each);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / given.length;
}

/** The clock of CPU is too coarse for a decision alone: milliseconds that have passed, the median of those given. */
function timeOf<Given>(given: readonly Given[], evaluate: (given: Given) => unknown): number {
  const times = given.map((each) => {
    const start = performance.now();
    evaluate(each);
    return performance.now() - start;
  });
  return median(times);
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

if (import.meta.main) {
  const compared = await compareWithCql();
  const write = (...columns: string[]) =>
    process.stdout.write(
      `${columns.map((column, at) => (at === 0 ? column.padEnd(8) : column.padStart(16))).join("")}\n`,
    );
  write("ms CPU", "ours", "decision", "CQL", "CQL / ours", "CQL, selected", "/ decision");
  for (const size of SIZES) {
    const { ours, decision, cql, cqlBehindSelection, ratio, ratioBehindSelection } = compared[size];
    write(
      size,
      ...[ours, decision, cql].map((ms) => ms.toFixed(3)),
      ratio.toFixed(0),
      cqlBehindSelection.toFixed(3),
      ratioBehindSelection.toFixed(0),
    );
  }
}
