// Reads what a decision needs of the patient: prefetch first, the EHR for the rest, all sources in parallel and within
// the deadline of the call. What could not be read is part of the result, never an error.
import {
  type Chart,
  type ChartVariable,
  chartVariables,
  type Shortfall,
  type Source,
} from "../policy/decision/chart.ts";
import { type FhirObject, type FhirRecord, referenceTo, textIn } from "../policy/fhir-json.ts";
import type { Reading } from "../policy/terminology/reading.ts";
import { TextBudgetSpent } from "../policy/terminology/texts.ts";
import { type Page, readPage } from "./bundle.ts";
import { type EhrAccess, type EhrAnswer, getFromEhr } from "./ehr.ts";
import { judgeRecord, namesDrug, resolveRecord, unresolvedDrug } from "./record.ts";
import { addToIndex, fetchReferred, type ReferenceIndex } from "./references.ts";
import { countObjects, isOversized } from "./size.ts";
import { isNarrowed, searchFor, sources } from "./sources.ts";
import { isUnnamedAllergy } from "./unnamed-allergy.ts";

export type ChartRequest = {
  readonly patientId: string;
  readonly prefetch: FhirObject;
  /** Undefined where the EHR may not be called. */
  readonly access: EhrAccess | undefined;
  readonly index: ReferenceIndex;
  /** The orders being signed: re-signed ones stand in the chart as well, and are no history. */
  readonly drafts: readonly FhirRecord[];
  readonly reading: Reading;
};

/** Where each source came from, for the log: no content, no address. */
export type ReadNote = {
  readonly source: ChartVariable;
  readonly from: "prefetch" | "ehr" | "nowhere";
  readonly note: string;
};

const MAX_PAGES = 40;
const MAX_RECORDS = 5000; // of one source
/** Records of one source that expressions are evaluated on, and the objects in them. A chart has few that match a policy. */
const MAX_MATCHES = 500;
const MAX_OBJECTS = 5_000;

/** What was read of one source, before its records are looked at. */
export type Raw =
  | { state: "read"; from: "prefetch" | "ehr"; pages: Page[]; shortfalls: Shortfall[] }
  | { state: "not-received" | "failed" | "circuit-open" | "unsupported"; from: "nowhere"; why: string };

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
  await resolveDrugs(request, raws);
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
  if (answer.state === "circuit-open")
    return { state: "circuit-open", from: "nowhere", why: "the EHR failed repeatedly" };
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
  while (next && access && !seen.has(next) && pages.length < MAX_PAGES && records < MAX_RECORDS) {
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
async function resolveDrugs(
  { access, index, reading }: ChartRequest,
  raws: ReadonlyMap<ChartVariable, Raw>,
): Promise<void> {
  if (!access) return;
  const open = new Map<string, FhirObject>();
  for (const [variable, raw] of raws) {
    if (raw.state !== "read" || variable === "coverage") continue;
    for (const record of raw.pages.flatMap((page) => page.records)) {
      const reference = unresolvedDrug(index, record);
      const display = textIn(reference?.display);
      const target = textIn(reference?.reference);
      if (reference && target && (!display || reading.screen.mayName(variable, display))) open.set(target, reference);
    }
  }
  await fetchReferred(index, access, [...open.values()]);
}

/** What the source holds, of what was read: of records that no policy can count, only how many could not be understood. */
export function toSource(
  request: Pick<ChartRequest, "patientId" | "index" | "drafts" | "reading">,
  variable: ChartVariable,
  raw: Raw | undefined,
): Source {
  if (raw?.state !== "read") return { state: raw?.state ?? "not-received" };
  const { pages } = raw;
  const { isOver, screen } = request.reading;
  const { resourceType } = sources[variable];
  const known = new Set<string | undefined>(request.drafts.map(referenceTo));
  const records: FhirRecord[] = [];
  const counts = { unreadable: pages.reduce((sum, page) => sum + page.illFormed, 0), unnamed: 0, otherPatient: 0 };
  let objects = 0;
  /** @returns false where no more is looked at @throws TextBudgetSpent */
  function take(record: FhirRecord): boolean {
    const judgement = judgeRecord(variable, record, request.patientId);
    if (judgement === "other-patient") {
      counts.otherPatient += 1;
      return true;
    }
    const resolved = judgement === "usable" ? resolveRecord(request.index, record) : record;
    const isReadable = judgement === "usable" && namesDrug(resolved);
    const isMatch = !isReadable || variable === "coverage" || screen.record(variable, resolved).size > 0;
    const isSilent = !isMatch && variable === "allergies" && isUnnamedAllergy(resolved);
    if (!isMatch && !isSilent) return true; // nearly all of a chart
    const reference = referenceTo(record);
    if (reference !== undefined && known.has(reference)) return true;
    known.add(reference);
    if (!isReadable || isOversized(record)) counts.unreadable += 1;
    else if (isSilent) counts.unnamed += 1;
    else {
      objects += countObjects(record);
      if (isOver() || records.length === MAX_MATCHES || objects > MAX_OBJECTS) return false;
      records.push(resolved);
    }
    return true;
  }
  function takeAll(): boolean {
    try {
      return pages.every((page) => page.records.every((each) => each.resourceType !== resourceType || take(each)));
    } catch (error) {
      if (error instanceof TextBudgetSpent) return false;
      throw error;
    }
  }
  const shortfalls: Shortfall[] = takeAll() ? raw.shortfalls : [...raw.shortfalls, "too-many"];
  return { state: "read", records, shortfalls, ...counts };
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
