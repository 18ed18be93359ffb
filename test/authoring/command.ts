// Runs a command as an author does.
import { once } from "node:events";
import { run } from "../support/process.ts";

/** What was written to standard output and standard error together, and the exit code. */
export async function runPolicy(...args: string[]): Promise<{ output: string; code: unknown }> {
  const command = run([process.execPath, "src/authoring/main.ts", ...args]);
  const [code] = await once(command.child, "close"); // all of the output is there
  return { output: command.output(), code };
}
