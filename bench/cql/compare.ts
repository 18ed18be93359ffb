// Our reading of the chart and decision, beside the same policy in CQL: over all records, and over those that our screen leaves, so that the
// screen is not credited to FHIRPath. Both must answer alike before anything is timed. They take turns in each round; medians count.
import { decide } from "../../src/policy/decision/decide.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { cpuOf, median, writeHeading, writeRow } from "../measure.ts";
import { callOf, DRUG, type Size } from "../patients.ts";
import { findDifferences, readCase, recordsOfCall, screenedRecords } from "./equal.ts";
import { createPeer } from "./peer.ts";

const ROUNDS = 7;
/** Evaluations in a round, each of a body of its own, as requests are. */
const OURS: Readonly<Record<Size, number>> = { small: 300, medium: 100, large: 8 };
const CQL: Readonly<Record<Size, number>> = { small: 40, medium: 8, large: 1 };
const SCREENED = 30;

const policy = loadPolicies("cards").find(({ id }) => id === "imatinib-preferred");
if (!policy) throw new Error("cards/ holds no imatinib-preferred");
const peer = await createPeer(policy);
const differences = await findDifferences(policy, peer);
if (differences.length > 0) throw new Error(`CQL and we answer differently:\n${differences.join("\n")}`);

type Costs = Record<"ours" | "cql" | "screened", number>;

async function compare(size: Size): Promise<Costs> {
  const body = JSON.stringify(callOf(size, DRUG));
  const calls = (count: number) => Array.from({ length: count }, () => JSON.parse(body));
  const ofPolicy = (call: unknown) => readCase(policy as NonNullable<typeof policy>, call);
  const rounds: Costs[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const read = await Promise.all(calls(SCREENED).map(ofPolicy));
    rounds.push({
      ours: await cpuOf(calls(OURS[size]), async (call) => {
        const { orders, chart, reading } = await ofPolicy(call);
        return decide(orders, chart, reading);
      }),
      cql: await cpuOf(calls(CQL[size]).map(recordsOfCall), (records) => peer.evaluate(records)),
      screened: await cpuOf(read.map(screenedRecords), (records) => peer.evaluate(records)),
    });
  }
  const settled = rounds.slice(1); // the first warms up
  const [ours, cql, screened] = (["ours", "cql", "screened"] as const).map((name) =>
    median(settled.map((each) => each[name])),
  );
  return { ours, cql, screened } as Costs;
}

const sizes = ["small", "medium", "large"] as const;
const costs: Costs[] = [];
for (const size of sizes) costs.push(await compare(size));
writeHeading("Chart and decision, CPU ms", ...sizes);
writeRow("the service", ...costs.map(({ ours }) => ours));
writeRow("CQL over all records", ...costs.map(({ cql }) => cql));
writeRow("CQL over the records that our screen leaves", ...costs.map(({ screened }) => screened));
writeRow("CQL over all records / the service", ...costs.map(({ cql, ours }) => cql / ours));
