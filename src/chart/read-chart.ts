// Reads what a decision needs of the patient: prefetch first, the EHR for the rest, all sources in parallel and within
// the deadline of the call. What could not be read is part of the result, never an error.
import { type Chart, type ChartVariable, chartVariables, type Shortfall, type Source } from "../policy/chart.ts";
import { type FhirObject, type FhirRecord, referenceTo, textIn } from "../policy/fhir-json.ts";
import type { Sight } from "../policy/sight.ts";
import { type Page, readPage } from "./bundle.ts";
import { type EhrAccess, type EhrAnswer, getFromEhr } from "./ehr.ts";
import { isOversized } from "./oversized.ts";
import { judgeRecord, namesDrug, resolveRecord, unresolvedDrug } from "./record.ts";
import { addToIndex, fetchReferred, type ReferenceIndex } from "./references.ts";
import { isNarrowed, searchFor, sources } from "./sources.ts";

export type ChartRequest = {
  readonly patientId: string;
  readonly prefetch: FhirObject;
  /** Undefined where the EHR may not be called. */
  readonly access: EhrAccess | undefined;
  readonly index: ReferenceIndex;
  /** The orders being signed: re-signed ones stand in the chart as well, and are no history. */
  readonly drafts: readonly FhirRecord[];
  /** Whether a text may name something that a policy speaks about: a reason to read what stands behind it. */
  readonly mightMatter: (text: string) => boolean;
  /** Which records can count: the others are counted, and left out. */
  readonly sight: Sight;
};

/** Where each source came from, for the log: no content, no address. */
export type ReadNote = {
  readonly source: ChartVariable;
  readonly from: "prefetch" | "ehr" | "nowhere";
  readonly note: string;
};

const MOST_PAGES = 40;
const MOST_RECORDS = 5000; // of one source

/** What was read of one source, before its records are looked at. */
export type Raw =
  | { state: "read"; from: "prefetch" | "ehr"; pages: Page[]; shortfalls: Shortfall[] }
  | { state: "not-received" | "failed" | "resting" | "unsupported"; from: "nowhere"; why: string };

/** Reads the given sources; the others are `not-received`. Never throws for what a client or an EHR sent. */
export async function readChart(
  request: ChartRequest,
  variables: readonly ChartVariable[],
): Promise<{ chart: Chart; notes: ReadNote[] }> {
  const raws = new Map(
    await Promise.all(variables.map(async (variable) => [variable, await readSource(request, variable)] as const)),
  );
  for (const raw of raws.values()) {
    if (raw.state === "read") for (const { records } of raw.pages) addToIndex(request.index, records);
  }
  await resolveDrugs(request, [...raws.values()]);
  const chart = Object.fromEntries(
    chartVariables.map((variable) => [variable, toSource(request, variable, raws.get(variable))]),
  ) as Record<ChartVariable, Source>;
  return { chart, notes: [...raws].map(([source, raw]) => noteOf(source, raw, chart[source])) };
}

/** What the client sent under the source's key. Keys typed by hand at an EHR may begin with a dash. */
function sentFor({ prefetch }: ChartRequest, variable: ChartVariable): unknown {
  return Object.hasOwn(prefetch, variable) ? prefetch[variable] : prefetch[`-${variable}`];
}

async function readSource(request: ChartRequest, variable: ChartVariable): Promise<Raw> {
  const { access, patientId } = request;
  const sent = sentFor(request, variable);
  const page = sent === undefined ? undefined : readSearch(variable, sent);
  const shortfalls = page ? shortfallsOf(variable, page) : [];
  if (page && shortfalls.length === 0) return followPages(access, "prefetch", page);
  if (access) {
    const answer = await getFromEhr(access, searchFor(variable, encodeURIComponent(patientId)));
    const read = await fromAnswer(variable, access, answer);
    if (read.state === "read" || !page) return read;
  }
  if (page) return { state: "read", from: "prefetch", pages: [page], shortfalls };
  if (sent !== undefined) return { state: "failed", from: "nowhere", why: "prefetch is not a search result" };
  return { state: "not-received", from: "nowhere", why: "not in prefetch, and the EHR may not be called" };
}

async function fromAnswer(variable: ChartVariable, access: EhrAccess, answer: EhrAnswer): Promise<Raw> {
  if (answer.state === "unsupported") return { state: "unsupported", from: "nowhere", why: "unknown to the EHR" };
  if (answer.state === "resting") return { state: "resting", from: "nowhere", why: "the EHR failed repeatedly" };
  if (answer.state === "failed") return { state: "failed", from: "nowhere", why: answer.why };
  const page = readSearch(variable, answer.body);
  if (!page) return { state: "failed", from: "nowhere", why: "answer is not a search result" };
  const read = await followPages(access, "ehr", page);
  // What an EHR says of its own search is not held against it, but for an error in it.
  return { ...read, shortfalls: [...read.shortfalls, ...(page.failed ? (["part-failed"] as const) : [])] };
}

/** A page with resources of which none is of the source's type answers another search: nothing is known of this one. */
function readSearch(variable: ChartVariable, value: unknown): Page | undefined {
  const page = readPage(value);
  return page && page.records.length > 0 && countOf(page, variable) === 0 ? undefined : page;
}

/** Why the page may not hold everything, but for pages that follow. */
function shortfallsOf(variable: ChartVariable, page: Page): Shortfall[] {
  const short: Shortfall[] = [];
  if (page.failed) short.push("part-failed");
  if (page.self && isNarrowed(variable, page.self)) short.push("narrowed");
  if (!page.next && page.total !== undefined && page.total > countOf(page, variable) + page.illFormed)
    short.push("pages-missing");
  return short;
}

function countOf({ records }: Page, variable: ChartVariable): number {
  let count = 0;
  for (const { resourceType } of records) if (resourceType === sources[variable].resourceType) count += 1;
  return count;
}

/** Follows `next` links on the EHR's own server, as far as token, deadline and bounds allow. */
async function followPages(
  access: EhrAccess | undefined,
  from: "prefetch" | "ehr",
  first: Page,
): Promise<Extract<Raw, { state: "read" }>> {
  const pages = [first];
  const seen = new Set<string>();
  let { next } = first;
  let records = first.records.length;
  while (next && access && !seen.has(next) && pages.length < MOST_PAGES && records < MOST_RECORDS) {
    seen.add(next);
    const answer = await getFromEhr(access, next);
    const page = answer.state === "read" ? readPage(answer.body) : undefined;
    if (!page || page.failed) break;
    pages.push(page);
    records += page.records.length;
    next = page.next;
  }
  return { state: "read", from, pages, shortfalls: next ? ["pages-missing"] : [] };
}

/** Reads from the EHR the drugs that records only refer to, where nothing at hand says that they do not matter. */
async function resolveDrugs({ access, index, mightMatter }: ChartRequest, raws: Raw[]): Promise<void> {
  if (!access) return;
  const records = raws.flatMap((raw) => (raw.state === "read" ? raw.pages.flatMap((page) => page.records) : []));
  const open = new Map<string, FhirObject>();
  for (const record of records) {
    const reference = unresolvedDrug(index, record);
    const display = textIn(reference?.display);
    const target = textIn(reference?.reference);
    if (reference && target && (!display || mightMatter(display))) open.set(target, reference);
  }
  await fetchReferred(index, access, [...open.values()]);
}

/** What the source holds, of what was read. */
export function toSource(
  request: Pick<ChartRequest, "patientId" | "index" | "drafts" | "sight">,
  variable: ChartVariable,
  raw: Raw | undefined,
): Source {
  if (raw?.state !== "read") return { state: raw?.state ?? "not-received" };
  const { resourceType } = sources[variable];
  const draftReferences = new Set(request.drafts.map(referenceTo));
  const records = new Map<string, FhirRecord>();
  let unreadable = raw.pages.reduce((sum, page) => sum + page.illFormed, 0);
  let otherPatient = 0;
  for (const page of raw.pages) {
    for (const record of page.records) {
      if (record.resourceType !== resourceType) continue;
      const judgement = judgeRecord(variable, record, request.patientId);
      if (judgement === "other-patient") {
        otherPatient += 1;
        continue;
      }
      const resolved = judgement === "usable" ? resolveRecord(request.index, record) : record;
      const isReadable = judgement === "usable" && namesDrug(resolved);
      if (isReadable && !request.sight(variable, resolved)) continue; // nearly all of a chart
      const reference = referenceTo(record) ?? `#${records.size}`;
      if (draftReferences.has(reference) || records.has(reference)) continue;
      if (!isReadable || isOversized(record)) unreadable += 1;
      else records.set(reference, resolved);
    }
  }
  return { state: "read", records: [...records.values()], shortfalls: raw.shortfalls, unreadable, otherPatient };
}

function noteOf(source: ChartVariable, raw: Raw, read: Source): ReadNote {
  if (raw.state !== "read") return { source, from: raw.from, note: `${raw.state}: ${raw.why}` };
  const counts = read.state === "read" ? [read.unreadable, read.otherPatient] : [0, 0];
  const notes = [
    ...raw.shortfalls,
    counts[0] ? `${counts[0]} unreadable` : "",
    counts[1] ? `${counts[1]} of another patient` : "",
  ];
  return { source, from: raw.from, note: notes.filter(Boolean).join(", ") || "whole" };
}
