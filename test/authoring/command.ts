// Runs a command as an author does, in this process: test/system/commands.test.ts runs one in its own.
import { runPolicyCommand } from "../../src/authoring/run.ts";
import { type Ran, runCommand } from "../support/command.ts";

export const runPolicy = (...args: string[]): Promise<Ran> => runCommand((streams) => runPolicyCommand(args, streams));
