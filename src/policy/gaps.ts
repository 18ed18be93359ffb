// What was not read of the sources that a policy reads. Knows neither criteria nor cautions: decide.ts says what a gap means for them.
import type { Chart, ChartVariable, Shortfall } from "./chart.ts";
import { type Pools, select } from "./evidence.ts";
import type { Policy } from "./policy.ts";

/** What of a source the card must name: it was not received, could not be read, or may not be whole. */
export type Gap = {
  readonly source: ChartVariable;
  readonly kind: "not-received" | "failed" | "resting" | Shortfall | "unreadable" | "unanswered";
  /** How many records could not be read, or say that nothing is known. */
  readonly count: number;
};

/** @param pools from which everything was selected, so that they tell what an expression could not read */
export function findGaps(policy: Policy, sources: readonly ChartVariable[], chart: Chart, pools: Pools): Gap[] {
  return sources.flatMap((source): Gap[] => {
    const read = chart[source];
    if (read.state === "unsupported") return [];
    if (read.state !== "read") return [{ source, kind: read.state, count: 0 }];
    const silent = policy.unanswered.filter(({ variables }) => variables.includes(source));
    const unanswered = new Set(silent.flatMap((expression) => select(expression, pools))).size;
    const count = read.unreadable + (pools.unreadable.get(source)?.size ?? 0);
    const counted: Gap[] = [
      { source, kind: "unreadable", count },
      { source, kind: "unanswered", count: unanswered },
    ];
    return [
      ...read.shortfalls.map((kind): Gap => ({ source, kind, count: 0 })),
      ...counted.filter((gap) => gap.count > 0),
    ];
  });
}
