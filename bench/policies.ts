// `node bench/policies.ts [how many]`: how long a service with many policies takes to start, and their author to check them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFinding } from "../src/policy/load/findings.ts";
import { checkPolicies, loadPolicies } from "../src/policy/load/load.ts";
import { makePolicies } from "../test/support/many-policies.ts";

const count = Number(process.argv[2] ?? 200);
const directory = mkdtempSync(join(tmpdir(), "policies-"));
makePolicies(directory, count);
measure("loadPolicies", () => loadPolicies(directory));
measure("check", () => {
  const { faults, warnings } = checkPolicies(directory, { needsCases: true });
  for (const finding of [...faults, ...warnings].slice(0, 10)) process.stdout.write(`${writeFinding(finding)}\n`);
});
rmSync(directory, { recursive: true });

function measure(name: string, work: () => unknown): void {
  const start = performance.now();
  work();
  process.stdout.write(`${name}: ${count} policies in ${((performance.now() - start) / 1000).toFixed(2)} s\n`);
}
