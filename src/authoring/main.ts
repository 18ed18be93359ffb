// `npm run policy -- <command>`: what an author of policies runs. One command a file.
import { PolicyFaults } from "../policy/findings.ts";
import { nearest } from "../policy/suggest.ts";
import { check } from "./check.ts";
import { codes } from "./codes.ts";
import type { Command } from "./command.ts";
import { schema } from "./schema.ts";
import { test } from "./test.ts";
import { tryPolicy } from "./try.ts";

const commands: Readonly<Record<string, Command>> = { check, try: tryPolicy, test, codes, schema };

const [name = "", ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
try {
  if (!command) {
    const meant = nearest(name, Object.keys(commands));
    const unknown = `there is no command "${name}"${meant ? `, did you mean "${meant}"?` : ""}`;
    throw new TypeError(name === "" ? "name a command" : unknown);
  }
  process.exitCode = await command.run(args);
} catch (error) {
  if (error instanceof PolicyFaults) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else if (error instanceof TypeError) {
    const usages = command ? { [name]: command } : commands;
    const lines = Object.entries(usages).map(([each, { usage }]) => `  npm run policy -- ${each} ${usage}\n`);
    process.stderr.write(`${error.message}\n${lines.join("")}`);
    process.exitCode = 2;
  } else throw error;
}
