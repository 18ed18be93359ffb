// The real process with a heap of 512 MB: eighty bodies at once that become twenty times as large when they are parsed, while an EHR that never
// answers holds up the calls that were admitted. Some are told to come again; the process goes on, and real calls are answered.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { callOf, DRUG } from "../../bench/patients.ts";
import { SERVICE_ID } from "../../src/cds-hooks/discovery.ts";
import { call, draft, EMPTY_CHART, withEhr } from "../support/calls.ts";
import { freePort } from "../support/databases.ts";
import { killAll, run, untilReady } from "../support/process.ts";

const EMPTY_OBJECTS = Array(245_000).fill("{}").join();
const silentEhr = createServer(() => {});
let url: string;
let ehr: string;
let service: ReturnType<typeof run>;
beforeAll(async () => {
  silentEhr.listen(0, "127.0.0.1");
  await once(silentEhr, "listening");
  ehr = `http://127.0.0.1:${(silentEhr.address() as AddressInfo).port}/fhir`;
  const port = String(await freePort());
  url = `http://127.0.0.1:${port}`;
  service = run([process.execPath, "--max-old-space-size=512", "src/main.ts"], { PORT: port, FHIR_SERVERS: ehr });
  await untilReady(url);
});
afterAll(() => {
  killAll();
  silentEhr.close();
});

async function post(body: string): Promise<number> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/cds-services/${SERVICE_ID}`, { method: "POST", headers, body });
  await answer.text();
  return answer.status;
}

const atOnce = (count: number, body: string) => Promise.all(Array.from({ length: count }, () => post(body)));

const { allergies, ...withoutAllergies } = EMPTY_CHART; // those are asked of the EHR
const bodies = {
  "in a field that nobody reads": call([draft()], withoutAllergies, { ...withEhr("@ehr"), unread: ["@"] }),
  "in a draft": call([draft({ extension: ["@"] })], withoutAllergies, withEhr("@ehr")),
  "as entries of a Bundle": call([draft()], { ...withoutAllergies, coverage: { entry: ["@"] } }, withEhr("@ehr")),
};

test.each(Object.entries(bodies))(
  "245,000 empty objects %s, eighty times at once",
  async (_where, content) => {
    const body = JSON.stringify(content).replace('"@"', EMPTY_OBJECTS).replace("@ehr", ehr);
    const statuses = await atOnce(80, body);
    expect(service.child.exitCode).toBeNull();
    expect(statuses.filter((status) => ![200, 413, 503].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(40);
    expect(statuses.filter((status) => status !== 503).length).toBeGreaterThan(2);
    expect(await atOnce(5, JSON.stringify(callOf("large", DRUG)))).toEqual(Array(5).fill(200));
  },
  60_000,
);
