// Fills a database with a made-up month, to see how the report reads: `DATABASE_URL=sqlite:/tmp/month.db node bench/made-up-month.ts`.
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import type { Feedback } from "../src/cds-hooks/feedback.ts";
import { readSettings } from "../src/config.ts";
import { openDatabase } from "../src/store/open.ts";
import { openStore } from "../src/store/store.ts";

const CARDS = Number(process.argv[2] ?? 4_000);
const DAY = 86_400_000;
const { databaseUrl } = readSettings({ DATABASE_URL: process.env.DATABASE_URL });
const options = { log: pino({ level: "warn" }), retention: 400, keepComments: false, maxWaiting: CARDS };
const store = openStore(openDatabase(databaseUrl), options);
while (store.health().status !== "ok") await new Promise((resolve) => setTimeout(resolve, 20));

const pick = <T>(...choices: [number, T][]): T => {
  let at = Math.random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  const found = choices.find(([weight]) => {
    at -= weight;
    return at < 0;
  });
  return (found ?? (choices[0] as [number, T]))[1];
};
type Why = Partial<Pick<Feedback, "reason" | "siteReason">>;
const reason = (code: string): Why => ({ reason: { system: "http://example.org/reasons", code, isOffered: true } });

for (let index = 0; index < CARDS; index += 1) {
  const card = randomUUID();
  const issued = Date.now() - Math.random() * 30 * DAY;
  const client = pick([6, "north-hospital"], [3, "south-clinic"], [1, "west-practice"]);
  store.logCards([
    {
      ...{
        card,
        client,
        hookInstance: randomUUID(),
        policy: "imatinib-preferred",
        row: "change",
        indicator: "warning",
      },
      issuedAt: new Date(issued).toISOString(),
      revision: issued < Date.now() - 12 * DAY ? "2026-03-25-0a1b2c3d4e5f" : "2026-03-25-f5e4d3c2b1a0",
      criteria: { "1A": "not-found", "1B": "not-found", "1C": "not-found" },
      evidence: { "1A": [], "1B": [], "1C": [] },
      suggestions: [randomUUID()],
      latency: Math.round(20 + Math.random() ** 4 * 900),
    },
  ]);
  const outcome = pick([5, "accepted" as const], [3, "overridden" as const], [2, undefined]);
  if (!outcome) continue;
  const why = pick<Why>(
    [4, reason("patient-contraindication")],
    [3, reason("action-completed")],
    [2, { siteReason: "Patient asked for the brand" }],
    [1, {}],
  );
  const common = { reason: undefined, siteReason: undefined, comment: undefined };
  const outcomeTimestamp = new Date(issued + 60_000).toISOString();
  const acceptedSuggestions = outcome === "accepted" ? [randomUUID()] : [];
  const own = outcome === "overridden" ? why : {};
  await store.keepFeedback(client, [{ ...common, card, outcome, outcomeTimestamp, acceptedSuggestions, ...own }]);
}
await store.close();
