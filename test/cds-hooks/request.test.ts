// What is read of a call: the fields that the specification names and the prefetch that discovery asks for, however much else there is.
import { answerOrderSign } from "../../src/cds-hooks/order-sign.ts";
import { readOrderSignCall } from "../../src/cds-hooks/request.ts";
import { connectEhr } from "../../src/chart/ehr.ts";
import { chartVariables } from "../../src/policy/decision/chart.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { call, draft, EMPTY_CHART } from "../support/calls.ts";

type Json = Record<string, unknown>;

/** The object, and what is read of it: the names that were asked for, and how often all of them were. */
function watched<T extends object>(object: T): { object: T; read: Set<string>; listed: () => number } {
  const read = new Set<string>();
  let listed = 0;
  const note = (name: string | symbol) => {
    if (typeof name === "string") read.add(name);
  };
  const proxy = new Proxy(object, {
    get(target, name) {
      note(name);
      return Reflect.get(target, name);
    },
    has(target, name) {
      note(name);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      note(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys(target) {
      listed += 1;
      return Reflect.ownKeys(target);
    },
  });
  return { object: proxy, read, listed: () => listed };
}

const others = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`other${at}`, { entry: [{}] }]));
const without = (read: ReadonlySet<string>) => [...read].filter((name) => name.startsWith("other"));

test("names that nobody asked for are not read, one by one or all, in the call, its context, draftOrders and prefetch", async () => {
  const sent = call([draft()], { ...others, ...EMPTY_CHART }) as { context: { draftOrders: Json }; prefetch: Json };
  const draftOrders = watched({ ...others, ...sent.context.draftOrders });
  const context = watched({ ...others, ...sent.context, draftOrders: draftOrders.object });
  const prefetch = watched(sent.prefetch);
  const body = watched({ ...others, ...sent, context: context.object, prefetch: prefetch.object });
  const ehr = connectEhr({ fhirServers: [], privateNetwork: false });
  const settings = { policies: loadPolicies("cards"), callDeadline: 1_000, baseUrl: "http://x", exceptionCard: false };
  const { cards } = await answerOrderSign(
    body.object,
    { client: { replacement: "update", dialect: "standard" }, ehr },
    settings,
  );
  expect(cards).toHaveLength(1);
  for (const each of [body, context, draftOrders, prefetch]) {
    expect([without(each.read), each.listed()]).toEqual([[], 0]);
  }
  expect(prefetch.read).toEqual(new Set(chartVariables.flatMap((name) => [name, `-${name}`])));
});

test("what a key with a dash holds is kept, and an absent key stays absent", () => {
  const { prefetch } = readOrderSignCall(call([draft()], { "-allergies": null, coverage: undefined, other: 1 }));
  expect(prefetch).toEqual({ "-allergies": null, coverage: undefined });
  expect(Object.keys(readOrderSignCall(call([draft()], { allergies: 1 })).prefetch ?? {})).toEqual(["allergies"]);
});
