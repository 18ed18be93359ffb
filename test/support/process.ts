// The real process, as `npm start` runs it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./databases.ts";
import { until } from "./until.ts";

export type Started = {
  readonly child: ChildProcess;
  /** Resolves with exit code and signal. */
  readonly exit: Promise<unknown[]>;
  /** Everything that it has written so far. */
  output(): string;
};

const started: ChildProcess[] = [];
const folders: string[] = [];

/** To be called in afterAll. */
export function killAll(): void {
  for (const { pid, exitCode, signalCode } of started) {
    if (pid && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

export function run(command: readonly string[], env: Record<string, string> = {}): Started {
  const [program = "", ...words] = command;
  const folder = mkdtempSync(join(tmpdir(), "cds-process-"));
  folders.push(folder);
  const child = spawn(program, words, {
    env: { ...process.env, DATABASE_URL: `sqlite:${join(folder, "cds.db")}`, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data) => {
      output += data;
    });
  }
  return { child, exit: once(child, "exit"), output: () => output };
}

/** Starts the service on a free port, and waits until it is ready. */
export async function serve(env: Record<string, string> = {}): Promise<Started & { url: string }> {
  const port = env.PORT ?? String(await freePort());
  const service = run([process.execPath, "src/main.ts"], { ...env, PORT: port });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);
  return { ...service, url };
}

export async function untilReady(url: string): Promise<void> {
  const isReady = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.ok === true;
  await until(isReady);
}
