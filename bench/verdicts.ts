// What the benchmark says of each figure: what was measured, what is wanted, and whether it is reached.
import type { Size } from "./patients.ts";

export type Cell = {
  readonly name: string;
  readonly size?: Size;
  readonly value: number;
  /** What is wanted at the least, or at the most; without either nothing is. */
  readonly least?: number;
  readonly most?: number;
};

export function writeCells(cells: readonly Cell[]): void {
  for (const { name, size = "", value, least, most } of cells) {
    const wanted = least !== undefined ? `wanted >= ${least}` : most !== undefined ? `wanted <= ${most}` : "";
    const isReached = value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (most ?? Number.POSITIVE_INFINITY);
    const verdict = wanted && (isReached ? "reached" : "NOT REACHED");
    process.stdout.write(
      `${name.padEnd(50)} ${size.padEnd(7)} ${value.toFixed(2).padStart(8)}  ${wanted.padEnd(14)}  ${verdict}\n`,
    );
  }
}
