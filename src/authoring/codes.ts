// `npm run policy -- codes`: lists every code of a policy on a sheet for a pharmacist to sign.
import { parseArgs } from "node:util";
import { codesOf, writeSheetCsv, writeSheetMarkdown } from "./code-sheet.ts";
import type { Command } from "./command.ts";
import { openPolicy } from "./open-policy.ts";

export const codes: Command = {
  usage: "<policy> [--cards dir] [--format markdown|csv]",
  async run(args, { stdout }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { cards: { type: "string", default: "cards" }, format: { type: "string", default: "markdown" } },
    });
    if (positionals.length > 1) throw new TypeError("name one policy");
    if (!["markdown", "csv"].includes(values.format)) throw new TypeError("--format must be markdown or csv");
    const { policy } = openPolicy(values.cards, positionals[0]);
    const write = values.format === "csv" ? writeSheetCsv : writeSheetMarkdown;
    stdout.write(write(policy, codesOf(policy)));
    return 0;
  },
};
