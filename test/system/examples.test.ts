// The documents are true: each `sh` block is run, in its order, against the real service; what stands below it as `json` is in the
// answer. A block that ends in `npm start` starts the service anew. `console` blocks are only shown.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { blocksOf } from "../docs/blocks.ts";
import { freePort } from "../support/databases.ts";
import { killAll, run, type Started, untilReady } from "../support/process.ts";

const RUN = ["docs/api.md", "docs/integration.md", "docs/operations.md", "docs/sandbox.md"];
const folders: string[] = [];
afterAll(() => {
  killAll();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder that looks as the repository does, with an empty `data`. */
function workplace(): string {
  const folder = mkdtempSync(join(tmpdir(), "cds-docs-"));
  folders.push(folder);
  for (const name of ["cards", "docs", "node_modules", "package.json", "src"])
    symlinkSync(resolve(name), join(folder, name));
  return folder;
}

async function start(command: string, folder: string, port: number, earlier: Started | undefined): Promise<Started> {
  earlier?.child.kill("SIGTERM");
  await earlier?.exit;
  const given = [...command.matchAll(/^([A-Z_]+)=(\S*) /g), ...command.matchAll(/ ([A-Z_]+)=(\S*)(?= )/g)];
  const settings = Object.fromEntries(given.map(([, name = "", value = ""]) => [name, value]));
  const paths = ["CLIENTS_FILE", "CARDS_DIR"].flatMap((name) =>
    settings[name] ? [[name, join(folder, settings[name])]] : [],
  );
  const service = run([process.execPath, "src/main.ts"], {
    ...settings,
    ...Object.fromEntries(paths),
    PORT: String(port),
  });
  await untilReady(`http://127.0.0.1:${port}`).catch(() => {
    throw new Error(`does not start: ${command}\n${service.output()}`);
  });
  return service;
}

test.each(RUN)("%s: its commands work, and answer as it says", async (path) => {
  const folder = workplace();
  const port = await freePort();
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const blocks = blocksOf(path);
  let service: Started | undefined;
  for (const [at, { kind, text, line }] of blocks.entries()) {
    if (kind !== "sh") continue;
    const script = text.replaceAll("127.0.0.1:3000", `127.0.0.1:${port}`);
    if (/npm start\s*$/.test(script)) {
      service = await start(script.trim(), folder, port, service);
      continue;
    }
    service ??= await start("npm start", folder, port, undefined);
    let output: string;
    try {
      output = execFileSync("bash", ["-euo", "pipefail", "-c", script], { cwd: folder, env, encoding: "utf8" });
    } catch (error) {
      throw new Error(`${path}:${line} fails: ${(error as Error).message}`);
    }
    const below = blocks[at + 1];
    if (below?.kind !== "json") continue;
    const place = `${path}:${line}`;
    const expected = JSON.parse(below.text.replaceAll("127.0.0.1:3000", `127.0.0.1:${port}`));
    expect({ [place]: JSON.parse(output) }).toMatchObject({ [place]: expected });
  }
});
