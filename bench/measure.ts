// CPU of our own code, without what other processes do; and the rows of the table that `npm run bench` prints, in Markdown.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage: (how: { type: "minor" }) => void = runInNewContext("gc");

/**
 * Milliseconds of CPU for one of those given, garbage collection included (the CPU clock of a single thread is too coarse). They are in
 * memory before. Not all garbage is collected first: that would throw away what V8 has optimized.
 */
export async function cpuOf<Given>(given: readonly Given[], evaluate: (given: Given) => unknown): Promise<number> {
  collectGarbage({ type: "minor" });
  const before = process.cpuUsage();
  for (const each of given) await evaluate(each);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / given.length;
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const WIDTHS = [46, 16, 17, 18, 22, 22];

export function writeRow(name: string, ...cells: readonly (string | number | undefined)[]): void {
  const columns = WIDTHS.map((width, at) => show(at === 0 ? name : cells[at - 1]).padEnd(width));
  process.stdout.write(`| ${columns.join(" | ")} |\n`);
}

export function writeHeader(...names: readonly [string, ...string[]]): void {
  writeRow(...names);
  process.stdout.write(`|${WIDTHS.map((width) => "-".repeat(width + 2)).join("|")}|\n`);
}

/** Begins a part of the table with columns of its own. */
export function writeHeading(name: string, ...columns: readonly string[]): void {
  writeRow(`**${name}**`, ...columns.map((each) => `**${each}**`));
}

/** Two or three digits that count. */
function show(cell: string | number | undefined): string {
  if (typeof cell !== "number") return cell ?? "";
  return cell.toFixed(cell >= 100 ? 0 : cell >= 10 ? 1 : cell >= 0.1 ? 2 : 3);
}
