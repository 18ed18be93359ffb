// Compares FHIR dates with the present at their own precision: during 2026, "2026" is neither past nor future. An
// invalid date is neither.
import { isObject } from "../fhir-json.ts";

const FHIR_DATE = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T.+)?)?)?$/;
const HOUR = 3_600_000;

/** Whether a date, dateTime, instant, or Period (by its start) is entirely in the future in every time zone. */
export function inFuture(value: unknown, now: Date = new Date()): boolean {
  const date = isObject(value) ? value.start : value;
  const text = wellFormed(date);
  if (!text) return false;
  if (text.includes("T")) return Date.parse(text) > now.getTime();
  return text > dayAt(now, 14).slice(0, text.length);
}

/** Whether a date, dateTime, instant, or Period (by its end) is entirely in the past in every time zone. */
export function inPast(value: unknown, now: Date = new Date()): boolean {
  const date = isObject(value) ? value.end : value;
  const text = wellFormed(date);
  if (!text) return false;
  if (text.includes("T")) return Date.parse(text) < now.getTime();
  return text < dayAt(now, -12).slice(0, text.length);
}

/** Whether the value is a valid FHIR date, dateTime, or instant. */
export function isDate(value: unknown): boolean {
  return wellFormed(value) !== undefined;
}

function wellFormed(value: unknown): string | undefined {
  return typeof value === "string" && FHIR_DATE.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

/** The calendar day in a time zone. @param hours its offset from UTC */
function dayAt(now: Date, hours: number): string {
  return new Date(now.getTime() + hours * HOUR).toISOString().slice(0, 10);
}
