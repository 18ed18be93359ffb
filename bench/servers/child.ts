// What each server of the benchmark does beside serving: says its port, and answers its parent how much it has used.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

export type Question = {
  /** Collect garbage before the memory is looked at. */
  readonly collect?: boolean;
  /** Watch the event loop from now on, which costs CPU. */
  readonly watch?: boolean;
};

export type Used = {
  /** Seconds of CPU, all threads. */
  readonly cpu: number;
  /** MB resident. */
  readonly memory: number;
  /** Milliseconds: the longest that the event loop did nothing else, while it was watched. */
  readonly stall: number;
};

export function serveForParent(server: Server): void {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
  process.on("message", ({ collect = false, watch = false }: Question) => {
    const { user, system } = process.cpuUsage();
    const stall = delays.max / 1e6;
    // Not before each measurement: it would throw away the shapes of objects, and with them the code that was optimised for them.
    if (collect) (globalThis as { gc?: () => void }).gc?.();
    delays.reset();
    if (watch) delays.enable();
    else delays.disable();
    const used: Used = { cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() / 1e6, stall };
    process.send?.(used);
  });
  process.on("disconnect", () => process.exit());
}
