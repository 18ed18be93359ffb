// Reads a Dockerfile, and carries out its steps in a folder: FROM, WORKDIR, COPY and RUN, stage by stage. It knows nothing of images, users
// and layers.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** An instruction and what follows it, continued lines joined. */
export type Step = { readonly instruction: string; readonly text: string };

export function readDockerfile(path: string): Step[] {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replace(/\\\n\s*/g, " ")
    .split("\n");
  return lines.filter(Boolean).map((line) => {
    const [, instruction = "", text = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (instruction === "") throw new Error(`not an instruction: ${line}`);
    return { instruction, text };
  });
}

/** What an instruction says, the last time that it is there. @throws Error when it is not there */
export function last(steps: readonly Step[], instruction: string): string {
  const found = steps.findLast((step) => step.instruction === instruction);
  if (found === undefined) throw new Error(`there is no ${instruction}`);
  return found.text;
}

/** The pairs of every ENV or LABEL. */
export function pairsOf(steps: readonly Step[], instruction: "ENV" | "LABEL"): Record<string, string> {
  const texts = steps.filter((step) => step.instruction === instruction).map(({ text }) => text);
  const pairs = texts.flatMap((text) => [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)]);
  return Object.fromEntries(pairs.map(([, name = "", quoted, bare = ""]) => [name, quoted ?? bare]));
}

/** Carries out the steps, each stage in a folder of its own under `root`. @returns the folder that is the last stage's file system */
export function build(steps: readonly Step[], root: string): string {
  const stages = new Map<string, string>();
  let stage = root;
  let here = root;
  for (const { instruction, text } of steps) {
    if (instruction === "FROM") {
      const name = / AS (\w+)$/.exec(text)?.[1] ?? String(stages.size);
      stage = here = join(root, name);
      stages.set(name, stage);
      mkdirSync(stage);
    } else if (instruction === "WORKDIR") {
      here = join(stage, text);
      mkdirSync(here, { recursive: true });
    } else if (instruction === "COPY") copy(text, here, stages);
    else if (instruction === "RUN")
      execFileSync("sh", ["-c", `set -e; ${NO_OWNERS}${text}`], { cwd: here, stdio: "pipe" });
  }
  return stage;
}

/** Only root may give files away. */
const NO_OWNERS = process.getuid?.() === 0 ? "" : "chown() { :; }; ";

function copy(text: string, here: string, stages: ReadonlyMap<string, string>): void {
  const [, stage, paths = ""] = /^(?:--from=(\w+) )?([^-].*)$/.exec(text) ?? [];
  const from = stage === undefined ? process.cwd() : stages.get(stage);
  const [target = "", ...sources] = paths.split(" ").reverse();
  if (from === undefined || sources.length === 0) throw new Error(`cannot be copied: ${text}`);
  for (const source of sources) {
    const to = join(here, target, target.endsWith("/") ? basename(source) : "");
    cpSync(join(from, source), to, { recursive: true, verbatimSymlinks: true });
  }
}
