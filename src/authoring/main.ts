// `npm run policy -- <command>`.
import { runPolicyCommand } from "./run.ts";

process.exitCode = await runPolicyCommand(process.argv.slice(2), process);
