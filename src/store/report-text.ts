// The report as text: a table with bars for a terminal, and CSV for a spreadsheet.
import { csvOf } from "./csv.ts";
import { OTHER_REASONS, type Rate, type Report, type ReportQuery, type Totals } from "./report.ts";

const MAX_BAR_WIDTH = 30; // characters
const MAX_REASONS = 10;

/** @param where the database, as people know it */
export function writeTable(report: Report, { since, policy, client }: ReportQuery, where: string): string {
  const { cards, accepted, overridden, ignored, acceptance, unknown, reasons, byRevision, byClient, latency } = report;
  const scope = [
    where,
    since && `since ${since.slice(0, 10)}`,
    policy && `policy ${policy}`,
    client && `client ${client}`,
  ];
  const most = Math.max(accepted, overridden, ignored);
  const strange = unknown.accepted + unknown.overridden;
  const paragraphs = [
    [`Cards issued ${count(cards)}${scope.some(Boolean) ? ` (${scope.filter(Boolean).join(", ")})` : ""}`],
    [
      line("accepted", accepted, most),
      line("overridden", overridden, most),
      line("ignored", ignored, most),
      ...(strange > 0
        ? [
            `  of these, for cards that were not issued here: ${unknown.accepted} accepted, ${unknown.overridden} overridden`,
          ]
        : []),
    ],
    [`Accepted, of the issued cards with feedback: ${percent(acceptance)}`],
    ["Why overridden", ...listReasons(reasons)],
    ["By policy and revision", ...byRevision.map((each) => row(`${each.policy} ${each.revision}`, each))],
    ["By client", ...byClient.map((each) => row(each.client, each))],
    [
      latency
        ? `Latency: half within ${latency.p50} ms, 90 % within ${latency.p90} ms, 99 % within ${latency.p99} ms`
        : "",
    ],
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
  const numbers = `${count(cards)} ${cards === 1 ? "card" : "cards"}: ${count(accepted)} accepted, ${count(overridden)} overridden, ${count(ignored)} ignored`;
  return `  ${printable(name)}\n    ${numbers}; ${percent(acceptance)}`;
}

function percent(rate: Rate): string {
  if (!rate) return "no feedback yet";
  const [share, low, high] = [rate.rate, rate.low, rate.high].map((each) => Math.round(each * 100));
  return `${share} % (95 % interval ${low} to ${high} %)`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** Reasons come from clients: no control characters in a terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, " ");
}

/** One row for each number, so that it can be filtered: what, of which, and how many. */
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
