// Waits until something holds.
import { setTimeout as wait } from "node:timers/promises";

const PATIENCE = 60_000; // milliseconds: matters only to what fails

/** @throws Error when it does not hold in the end */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never held: ${holds}`);
    await wait(10);
  }
}
