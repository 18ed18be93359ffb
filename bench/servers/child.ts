// What each server of the benchmark does beside serving: says its port, and answers its parent how much it has used.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Used = {
  /** Seconds of CPU, all threads. */
  readonly cpu: number;
  /** MB resident, after a forced collection where the parent asks for one. */
  readonly memory: number;
};

export function serveForParent(server: Server): void {
  server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
  process.on("message", ({ collect = false }: { collect?: boolean }) => {
    const { user, system } = process.cpuUsage();
    // Not before each measurement: it would throw away the shapes of objects, and with them the code that was optimised for them.
    if (collect) (globalThis as { gc?: () => void }).gc?.();
    const used: Used = { cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() / 1e6 };
    process.send?.(used);
  });
  process.on("disconnect", () => process.exit());
}
