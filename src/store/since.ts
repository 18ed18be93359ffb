// How far back a report goes.

const DAY = 86_400_000;

/** `30d` (days back) or `2026-11-01`, as the start of that day in UTC (ISO 8601). Undefined for anything else. */
export function sinceOf(text: string, now = Date.now()): string | undefined {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return new Date(Math.floor(now / DAY - Number(days)) * DAY).toISOString();
  const time = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
