// Our reading of the chart and decision, beside the same policy in CQL: over all records, and over those that our screen leaves, so that the
// screen is not credited to FHIRPath. Both must answer alike before anything is timed. They take turns in each round; medians count.
import { loadPolicies } from "../../src/policy/load/load.ts";
import { cpuOf, median, writeHeading, writeRow } from "../measure.ts";
import { callOf, DRUG, SIZES, type Size } from "../patients.ts";
import { decideCall, findDifferences, recordsOfCall } from "./equal.ts";
import { createPeer } from "./peer.ts";

const ROUNDS = 7;
/** Evaluations in a round, each of a body of its own, as requests are. */
const OURS: Readonly<Record<Size, number>> = { small: 300, medium: 100, large: 8 };
const CQL: Readonly<Record<Size, number>> = { small: 40, medium: 8, large: 1 };

const [policy] = loadPolicies("cards").filter(({ id }) => id === "imatinib-preferred");
if (!policy) throw new Error("cards/ holds no imatinib-preferred");
const decide = (call: unknown) => decideCall(policy, call);
const peer = await createPeer(policy);
const differences = await findDifferences(policy, peer);
if (differences.length > 0) throw new Error(`CQL and we answer differently:\n${differences.join("\n")}`);

async function compare(size: Size): Promise<number[]> {
  const body = JSON.stringify(callOf(size, DRUG));
  const calls = (count: number) => Array.from({ length: count }, () => JSON.parse(body));
  const costs: [ours: number[], all: number[], screened: number[]] = [[], [], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const screened = (await Promise.all(calls(30).map(decide))).map(({ screened }) => screened());
    costs[0].push(await cpuOf(calls(OURS[size]), decide));
    costs[1].push(await cpuOf(calls(CQL[size]).map(recordsOfCall), (records) => peer.evaluate(records)));
    costs[2].push(await cpuOf(screened, (records) => peer.evaluate(records)));
  }
  return costs.map((each) => median(each.slice(1))); // the first round warms up
}

const costs: number[][] = [];
for (const size of SIZES) costs.push(await compare(size));
writeHeading("Chart and decision, CPU ms", ...SIZES);
writeRow("the service", ...costs.map(([ours]) => ours));
writeRow("CQL over all records", ...costs.map(([, all]) => all));
writeRow("CQL over the records that our screen leaves", ...costs.map(([, , screened]) => screened));
writeRow("CQL over all records / the service", ...costs.map(([ours = NaN, all = NaN]) => all / ours));
