// From the parsed body to the card by the number of records, where nothing but our own code takes time: of a plain chart, of one with wide
// characters, and of ones whose names hold a word that the policy knows. They take turns in each round; medians count.
import { answerOrderSign, type OrderSignClient } from "../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../src/chart/ehr.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { cpuOf, median, writeHeading, writeRow } from "./measure.ts";
import { callOf, DRUG, NAMING, type Naming } from "./patients.ts";

const ROUNDS = 7;
/** Records of the chart, up to the most that a request may hold. */
const RECORDS = [0, 5_000, 10_000, 20_000];
const requestsOf = (records: number) => Math.round(20_000 / (records + 70)); // in a round

const settings = { policies: loadPolicies("cards"), callDeadline: 60_000, baseUrl: "http://x", exceptionCard: false };
const caller: OrderSignClient = {
  client: { replacement: "update", dialect: "standard" },
  ehr: connectEhr({ fhirServers: [], privateNetwork: false }),
};

/** @param entries the draft and the coverage count as well */
function bodyOf(entries: number, naming: Naming): string {
  const history = Math.max(0, entries - 2);
  const allergies = Math.floor(history / 8);
  return JSON.stringify(callOf("large", DRUG, { naming, records: [history - allergies, allergies] }));
}

async function answer(call: unknown): Promise<void> {
  const { cards } = await answerOrderSign(call, caller, settings);
  if (cards.length !== 1) throw new Error(`${cards.length} cards`);
}

const namings = Object.keys(NAMING) as Naming[];
type Costs = Readonly<Record<Naming | "parse", number>>;

async function measure(records: number): Promise<Costs> {
  const bodies = namings.map((naming) => [naming, bodyOf(records, naming)] as const);
  const costs: Record<string, number[]> = { parse: [], ...Object.fromEntries(namings.map((naming) => [naming, []])) };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [naming, body] of bodies) {
      // Each request has a body of its own, as a server's have.
      const calls: unknown[] = [];
      const parse = await cpuOf(Array(requestsOf(records)).fill(body), (text) => calls.push(JSON.parse(text)));
      if (naming === "plain") costs.parse?.push(parse);
      costs[naming]?.push(await cpuOf(calls, answer));
    }
  }
  // The first round warms up.
  return Object.fromEntries(Object.entries(costs).map(([name, each]) => [name, median(each.slice(1))])) as Costs;
}

const columns: Costs[] = [];
for (const records of RECORDS) columns.push(await measure(records));
const [ofNone = NaN, ...ofSome] = columns.map(({ plain }) => plain);
const perThousand = ofSome.map((cost, at) => ((cost - ofNone) / (RECORDS[at + 1] ?? NaN)) * 1_000);

writeHeading("Body to card, CPU ms", ...RECORDS.map((records) => `${records.toLocaleString("en-US")} records`));
writeRow("the service, a plain chart", ...columns.map(({ plain }) => plain));
writeRow("… for 1,000 records", "", ...perThousand);
writeRow("JSON.parse of the same body", ...columns.map(({ parse }) => parse));
for (const naming of namings.slice(1))
  writeRow(`${naming} / plain`, ...columns.map((each) => each[naming] / each.plain));
