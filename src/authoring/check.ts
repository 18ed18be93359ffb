// `npm run policy -- check`: reports all faults and warnings in all policies at once, for authors and CI.
import { parseArgs } from "node:util";
import { type Finding, type Findings, writeFinding } from "../policy/load/findings.ts";
import { checkPolicies } from "../policy/load/load.ts";
import type { Command } from "./command.ts";

const FORMATS: Record<string, (found: Findings) => string> = { text: writeText, json: writeJson };

/** Exit code 1 if there is a fault: one that keeps the service from starting, or a policy without cases. */
export const check: Command = {
  usage: "[folder of policies, by default cards] [--format text|json]",
  async run(args, { stdout }) {
    const options = {
      format: { type: "string", default: "text" },
      cards: { type: "string", default: "cards" },
    } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [directory = values.cards, ...more] = positionals;
    const write = Object.hasOwn(FORMATS, values.format) ? FORMATS[values.format] : undefined;
    if (!write) throw new TypeError("--format must be text or json");
    if (more.length > 0) throw new TypeError("check takes one folder");
    const found = checkPolicies(directory, { needsCases: true });
    stdout.write(write(found));
    return found.faults.length > 0 ? 1 : 0;
  },
};

function writeText({ faults, warnings }: Findings): string {
  const lines = [
    ...faults.map((finding) => `fault    ${writeFinding(finding)}`),
    ...warnings.map((finding) => `warning  ${writeFinding(finding)}`),
    `${counted(faults.length, "fault")}, ${counted(warnings.length, "warning")}`,
  ];
  return `${lines.join("\n")}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** One JSON document. A finding without a suggestion has null, so that all findings have the same members. */
function writeJson({ faults, warnings }: Findings): string {
  const members = ({ suggestion = undefined, ...finding }: Finding) => ({ ...finding, suggestion: suggestion ?? null });
  return `${JSON.stringify({ faults: faults.map(members), warnings: warnings.map(members) }, null, 2)}\n`;
}
