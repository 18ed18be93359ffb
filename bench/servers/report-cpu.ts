// Imported before each server of the benchmark: answers its parent how much CPU the process has used, all threads together.
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.on("message", () => process.send?.(process.cpuUsage()));
  process.on("disconnect", () => process.exit());
}
