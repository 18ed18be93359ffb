// Reads the parts of the chart that a decision needs: prefetch first, then the EHR, all sources in parallel and within
// the request's deadline. A source that cannot be read is part of the result, never an error.
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
import { addToIndex, fetchReferenced, type ReferenceIndex } from "./references.ts";
import { countObjects, isOversized } from "./size.ts";
import { isNarrowed, searchFor, sources } from "./sources.ts";
import { isUnnamedAllergy } from "./unnamed-allergy.ts";

export type ChartRequest = {
  readonly patientId: string;
  readonly prefetch: FhirObject;
  /** Undefined if the EHR may not be called. */
  readonly access: EhrAccess | undefined;
  readonly index: ReferenceIndex;
  /** The orders being signed. A re-signed one is in the chart too, but is not history. */
  readonly drafts: readonly FhirRecord[];
  readonly reading: Reading;
};

/** The origin of a source, for the log: no content, no address. */
export type ReadNote = {
  readonly source: ChartVariable;
  readonly from: "prefetch" | "ehr" | "nowhere";
  readonly note: string;
};

const MAX_PAGES = 40;
const MAX_RECORDS = 5000; // of one source
/** Records of one source that expressions are evaluated on, and the objects in them. Few records match a policy. */
const MAX_MATCHES = 500;
const MAX_OBJECTS = 5_000;

/** One source as received, before its records are screened. */
export type Raw =
  | { state: "read"; from: "prefetch" | "ehr"; pages: Page[]; shortfalls: Shortfall[] }
  | { state: "not-received" | "failed" | "circuit-open" | "unsupported"; from: "nowhere"; why: string };

/** Reads the given sources; the others are `not-received`. Never throws because of client or EHR data. */
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

/** The client's prefetch for the source. Keys typed by hand into an EHR may start with a dash. */
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
  // Our own search cannot be narrowed, so only an error counts as a shortfall.
  return { ...read, shortfalls: [...read.shortfalls, ...(page.failed ? (["part-failed"] as const) : [])] };
}

/** A page with resources but none of the source's type is the result of another search, so it is not a result here. */
function readSearch(variable: ChartVariable, value: unknown): Page | undefined {
  const page = readPage(value);
  return page && page.records.length > 0 && countOf(page, variable) === 0 ? undefined : page;
}

/** Why the page may be incomplete, apart from following pages. */
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

/** Follows `next` links on the EHR's own server, within the deadline and limits. */
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

/** Fetches drugs that records only reference, unless the reference's display rules them out. */
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
  await fetchReferenced(index, access, [...open.values()]);
}

/**
 * The source with the records that may match a policy, and counts of those that were unreadable or another patient's.
 */
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
  /** @returns false once a limit is reached @throws TextBudgetSpent */
  function take(record: FhirRecord): boolean {
    const judgment = judgeRecord(variable, record, request.patientId);
    if (judgment === "other-patient") {
      counts.otherPatient += 1;
      return true;
    }
    const resolved = judgment === "usable" ? resolveRecord(request.index, record) : record;
    const isReadable = judgment === "usable" && namesDrug(resolved);
    const isMatch = !isReadable || variable === "coverage" || screen.record(variable, resolved).size > 0;
    const isUnnamed = !isMatch && variable === "allergies" && isUnnamedAllergy(resolved);
    if (!isMatch && !isUnnamed) return true; // most records
    const reference = referenceTo(record);
    if (reference !== undefined && known.has(reference)) return true;
    known.add(reference);
    if (!isReadable || isOversized(record)) counts.unreadable += 1;
    else if (isUnnamed) counts.unnamed += 1;
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
