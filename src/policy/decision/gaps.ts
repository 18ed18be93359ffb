// What was not read of the sources that a policy reads. Knows neither criteria nor cautions: decide.ts says what a gap means for them.

import type { FhirRecord } from "../fhir-json.ts";
import type { Chart, ChartVariable, Shortfall } from "./chart.ts";
import type { Unjudged } from "./evidence.ts";

/** What of a source the card must name: it was not received, could not be read, or may not be whole. */
export type Gap = {
  readonly source: ChartVariable;
  readonly kind: "not-received" | "failed" | "circuit-open" | Shortfall | "unreadable" | "unanswered";
  /** How many records could not be read, or say that nothing is known. */
  readonly count: number;
};

/** What of the records of a chart the policy's expressions left open. */
export type LeftOpen = {
  readonly unjudged: readonly Unjudged[];
  /** Records that say that nothing is known. */
  readonly unanswered: readonly { readonly source: ChartVariable; readonly record: FhirRecord }[];
};

export function findGaps(sources: readonly ChartVariable[], chart: Chart, { unjudged, unanswered }: LeftOpen): Gap[] {
  return sources.flatMap((source): Gap[] => {
    const read = chart[source];
    if (read.state === "unsupported") return [];
    if (read.state !== "read") return [{ source, kind: read.state, count: 0 }];
    const left = unjudged.filter((each) => each.source === source);
    const shortfalls = new Set<Shortfall>(read.shortfalls);
    if (left.some(({ why }) => why === "too-many")) shortfalls.add("too-many");
    const count = (records: readonly { readonly record: FhirRecord }[]) =>
      new Set(records.map(({ record }) => record)).size;
    const counted: Gap[] = [
      { source, kind: "unreadable", count: read.unreadable + count(left.filter(({ why }) => why === "unreadable")) },
      {
        source,
        kind: "unanswered",
        count: (read.unnamed ?? 0) + count(unanswered.filter((each) => each.source === source)),
      },
    ];
    return [
      ...[...shortfalls].map((kind): Gap => ({ source, kind, count: 0 })),
      ...counted.filter((gap) => gap.count > 0),
    ];
  });
}
