// The report as text: a table with bars for the terminal, CSV for a spreadsheet.
import { csvOf } from "./csv.ts";
import { OTHER_REASONS, type Rate, type Report, type ReportQuery, type Totals } from "./report.ts";

const MAX_BAR_WIDTH = 30; // characters
const MAX_REASONS = 10;

/** @param where the database's file or host */
export function writeTable(report: Report, { since, policy, client }: ReportQuery, where: string): string {
  const { cards, accepted, overridden, ignored, acceptance, unknown, reasons, byRevision, byClient, latency } = report;
  const scope = [
    where,
    since && `since ${since.slice(0, 10)}`,
    policy && `policy ${policy}`,
    client && `client ${client}`,
  ];
  const most = Math.max(accepted, overridden, ignored);
  const unknownCards = unknown.accepted + unknown.overridden;
  const paragraphs = [
    [`Cards issued ${count(cards)}${scope.some(Boolean) ? ` (${scope.filter(Boolean).join(", ")})` : ""}`],
    [
      line("accepted", accepted, most),
      line("overridden", overridden, most),
      line("ignored", ignored, most),
      ...(unknownCards > 0
        ? [`  of these, for unknown cards: ${unknown.accepted} accepted, ${unknown.overridden} overridden`]
        : []),
    ],
    [`Accepted, of issued cards with feedback: ${percent(acceptance)}`],
    ["Why overridden", ...listReasons(reasons)],
    ["By policy and revision", ...byRevision.map((each) => row(`${each.policy} ${each.revision}`, each))],
    ["By client", ...byClient.map((each) => row(each.client, each))],
    [latency ? `Latency: p50 ${latency.p50} ms, p90 ${latency.p90} ms, p99 ${latency.p99} ms` : ""],
  ];
  return `${paragraphs
    .filter(([first, ...more]) => first && (more.length > 0 || !/^(Why|By) /.test(first)))
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function listReasons(reasons: Report["reasons"]): string[] {
  const shown = reasons.slice(0, MAX_REASONS);
  const rest = reasons.slice(MAX_REASONS).reduce((sum, { cards }) => sum + cards, 0);
  const most = Math.max(rest, ...shown.map(({ cards }) => cards));
  return [
    ...shown.map(({ reason, cards }) => line(reason, cards, most)),
    ...(rest > 0 ? [line(OTHER_REASONS, rest, most)] : []),
  ];
}

function line(name: string, cards: number, most: number): string {
  const bar = "█".repeat(most === 0 ? 0 : Math.ceil((cards / most) * MAX_BAR_WIDTH));
  return `  ${printable(name).padEnd(28)} ${count(cards).padStart(8)}  ${bar}`;
}

function row(name: string, { cards, accepted, overridden, ignored, acceptance }: Totals): string {
  const outcomes = `${count(accepted)} accepted, ${count(overridden)} overridden, ${count(ignored)} ignored`;
  const numbers = `${count(cards)} ${cards === 1 ? "card" : "cards"}: ${outcomes}`;
  return `  ${printable(name)}\n    ${numbers}; ${percent(acceptance)}`;
}

function percent(rate: Rate): string {
  if (!rate) return "no feedback yet";
  const [share, low, high] = [rate.rate, rate.low, rate.high].map((each) => Math.round(each * 100));
  return `${share}% (95% interval ${low}% to ${high}%)`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** Reasons come from clients: strips control characters. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, " ");
}

/** One row per number, so that rows can be filtered. */
export function writeCsv(report: Report): string {
  const totals = (of: string, name: string, { cards, accepted, overridden, ignored, acceptance }: Totals) =>
    Object.entries({
      cards,
      accepted,
      overridden,
      ignored,
      acceptanceRate: acceptance?.rate,
      acceptanceLow: acceptance?.low,
      acceptanceHigh: acceptance?.high,
    })
      .filter(([, value]) => value !== undefined)
      .map(([what, value]) => [of, name, what, value]);
  const rows = [
    ["of", "name", "what", "value"],
    ...totals("all", "", report),
    ...Object.entries(report.unknown).map(([what, value]) => ["unknown cards", "", what, value]),
    ...report.reasons.map(({ reason, cards }) => ["override reason", reason, "cards", cards]),
    ...report.byRevision.flatMap((each) => totals("revision", `${each.policy} ${each.revision}`, each)),
    ...report.byClient.flatMap((each) => totals("client", each.client, each)),
    ...Object.entries(report.latency ?? {}).map(([what, value]) => ["latency", "", `${what} ms`, value]),
  ];
  return csvOf(rows);
}
