// The command `npm run report` where there is nothing to report. test/system/store-process.test.ts has it beside a service.
import { runReport } from "../../src/store/report-command.ts";
import { runCommand } from "../support/command.ts";

const report = (DATABASE_URL: string | undefined, ...args: string[]) =>
  runCommand((streams) => runReport(args, { DATABASE_URL }, streams));

test("it says that there is nothing, and how it is called", async () => {
  const nothing = await report("sqlite:/nowhere/cds.db");
  expect(nothing).toMatchObject({ code: 1, stdout: "" });
  expect(nothing.stderr).toContain("there is no database at /nowhere/cds.db: set DATABASE_URL");
  expect(nothing.stderr).toContain("Usage: npm run report -- ");
  const wrong = await report(undefined, "--format", "pdf");
  expect(wrong).toMatchObject({ code: 1, stdout: "" });
  expect(wrong.stderr).toContain("--format must be table, csv, or json");
});
