// What comes after JSON.parse: the time from the parsed body of a call to its card, beside the parsing of the same body. Both alternate, and
// each call has a body of its own, as a server has.
import { answerOrderSign } from "../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../src/chart/ehr.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { callOf, DRUG, type Records, type Size } from "./patients.ts";

/** Milliseconds, medians. */
export type Spent = { readonly parse: number; readonly card: number };

const RUNS: Readonly<Record<Size, number>> = { small: 4_000, medium: 1_500, large: 120 };

const settings = { policies: loadPolicies("cards"), callDeadline: 60_000, baseUrl: "http://x", exceptionCard: false };
const client = {
  client: { replacement: "update", dialect: "standard" } as const,
  ehr: connectEhr({ fhirServers: [], privateNetwork: false }),
};

/** @param records how many, where not those of the size */
export async function timeToCard(size: Size, records?: Records): Promise<Spent> {
  const body = JSON.stringify(callOf(size, DRUG, 1, records));
  const parse: number[] = [];
  const card: number[] = [];
  const runs = records ? 60 : RUNS[size];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    const call: unknown = JSON.parse(body);
    const parsed = performance.now();
    await answerOrderSign(call, client, settings);
    card.push(performance.now() - parsed);
    parse.push(parsed - start);
  }
  // The first half warms up.
  const median = (times: readonly number[]) => times.slice(runs / 2).sort((a, b) => a - b)[Math.floor(runs / 4)] ?? NaN;
  return { parse: median(parse), card: median(card) };
}

/** From 100 to nearly the most records that a call may hold. */
export async function timeByRecords(): Promise<readonly (Spent & { readonly records: number })[]> {
  const points = [];
  for (const records of [100, 500, 1_000, 2_000, 4_000, 8_000, 12_000, 16_000, 19_900]) {
    const spent = await timeToCard("large", { statements: records, allergies: 0, conditions: 0, dispenses: 0 });
    points.push({ records, ...spent });
  }
  return points;
}
