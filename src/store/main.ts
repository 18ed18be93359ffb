// `npm run report`: runs the command.
import { runReport } from "./report-command.ts";

process.exitCode = await runReport(process.argv.slice(2), process.env, process);
