// Finds what is missing from a policy's sources. Knows neither criteria nor cautions: decide.ts applies the gaps to
// them.

import type { FhirRecord } from "../fhir-json.ts";
import type { Chart, ChartVariable, Shortfall } from "./chart.ts";
import type { Unjudged } from "./evidence.ts";

/** A gap that the card must name: the source was not received, could not be read, or may be incomplete. */
export type Gap = {
  readonly source: ChartVariable;
  readonly kind: "not-received" | "failed" | "circuit-open" | Shortfall | "unreadable" | "unanswered";
  /** How many records were unreadable or say "not known". */
  readonly count: number;
};

/** Records that the policy's expressions could not settle. */
export type Unsettled = {
  readonly unjudged: readonly Unjudged[];
  /** Records that say "not known". */
  readonly unanswered: readonly { readonly source: ChartVariable; readonly record: FhirRecord }[];
};

export function findGaps(sources: readonly ChartVariable[], chart: Chart, { unjudged, unanswered }: Unsettled): Gap[] {
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
