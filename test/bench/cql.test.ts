// The engine that the benchmark compares with answers as we do. The benchmark itself checks that on larger patients too.
import { decideCall, findDifferences } from "../../bench/cql/equal.ts";
import { createPeer, type Peer } from "../../bench/cql/peer.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { patientsByCode } from "./patients-by-code.ts";

const [policy] = loadPolicies("cards").filter(({ id }) => id === "imatinib-preferred");
if (!policy) throw new Error("cards/ holds no imatinib-preferred");
const calls = patientsByCode();
let peer: Peer;

beforeAll(async () => {
  peer = await createPeer(policy);
});

test("CQL answers as we do, on patients and on the policy's cases by their codes", async () => {
  expect(await findDifferences(policy, peer, calls)).toEqual([]);
});

test("the patients are of every row that codes can tell, and a wrong answer is noticed", async () => {
  const rows = new Set<string>();
  for (const [, call] of calls) {
    rows.add((await decideCall(policy, structuredClone(call))).decision.row);
  }
  expect([...rows].sort()).toEqual([
    ...["authorized", "caution", "change", "exception-established", "exception-to-confirm", "overriding-caution"],
  ]);
  const forgetful: Peer = { evaluate: (records) => peer.evaluate(records.slice(0, -1)) };
  const trial = calls.filter(([name]) => name === "severe reaction");
  expect((await findDifferences(policy, forgetful, trial))[0]).toMatch(/^severe reaction: we .*"caution"/);
});
