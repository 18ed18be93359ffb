// Imported before each server of the benchmark: answers its parent what the process has used, all threads together.
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: (user + system) / 1000, memory: process.memoryUsage.rss() / 2 ** 20 });
  });
  process.on("disconnect", () => process.exit());
}
