// Lists the unusable records of a request and why each is ignored.
import { readOrderSignCall } from "../cds-hooks/request.ts";
import { readPage } from "../chart/bundle.ts";
import { judgeRecord } from "../chart/record.ts";
import { sources } from "../chart/sources.ts";
import { type ChartVariable, chartVariables } from "../policy/decision/chart.ts";
import { referenceTo } from "../policy/fhir-json.ts";

export type Unusable = { readonly source: ChartVariable; readonly record: string; readonly why: string };

/** @param body the body of a valid order-sign request */
export function findUnusable(body: unknown): Unusable[] {
  const { context, prefetch } = readOrderSignCall(body);
  return chartVariables.flatMap((source) => {
    const { resourceType, ownerElement, contentElements } = sources[source];
    const records = readPage(prefetch?.[source])?.records ?? [];
    return records.flatMap((record): Unusable[] => {
      const judgment = judgeRecord(source, record, context.patientId);
      if (record.resourceType !== resourceType || judgment === "usable") return [];
      const needs = [ownerElement, ...(source === "allergies" ? [] : ["status"]), contentElements.join(" or ")].join(
        ", ",
      );
      const why =
        judgment === "other-patient"
          ? "belongs to another patient"
          : `unreadable: needs ${needs}, and must not be oversized`;
      return [{ source, record: referenceTo(record) ?? "a record without id", why }];
    });
  });
}
