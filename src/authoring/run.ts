// CLI for policy authors: runs a command, or prints its usage if the arguments are invalid. One file per command.

import { nearest } from "../policy/check/suggest.ts";
import { PolicyFaults } from "../policy/load/findings.ts";
import type { Streams } from "../store/streams.ts";
import { check } from "./check.ts";
import { codes } from "./codes.ts";
import type { Command } from "./command.ts";
import { schema } from "./schema.ts";
import { test } from "./test.ts";
import { tryPolicy } from "./try.ts";

const commands: Readonly<Record<string, Command>> = { check, try: tryPolicy, test, codes, schema };

/** @returns the exit code: 2 if the arguments are invalid */
export async function runPolicyCommand([name = "", ...args]: readonly string[], streams: Streams): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (!command) {
      const meant = nearest(name, Object.keys(commands));
      const unknown = `there is no command "${name}"${meant ? `, did you mean "${meant}"?` : ""}`;
      throw new TypeError(name === "" ? "name a command" : unknown);
    }
    return await command.run(args, streams);
  } catch (error) {
    if (error instanceof PolicyFaults) {
      streams.stderr.write(`${error.message}\n`);
      return 1;
    }
    if (!(error instanceof TypeError)) throw error;
    const usages = command ? { [name]: command } : commands;
    const lines = Object.entries(usages).map(([each, { usage }]) => `  npm run policy -- ${each} ${usage}\n`);
    streams.stderr.write(`${error.message}\n${lines.join("")}`);
    return 2;
  }
}
