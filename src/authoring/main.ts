// `npm run policy -- <command>`: entry point of the CLI for policy authors.
import { runPolicyCommand } from "./run.ts";

process.exitCode = await runPolicyCommand(process.argv.slice(2), process);
