// How long a service takes from its start to the first card: `node src/main.ts` with an empty SQLite file, asked as soon as it takes a
// connection.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const PORT = "3997";
const call = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: readFileSync("docs/examples/change.json"),
};

/** Milliseconds, of each start. */
export async function timeToFirstAnswer(starts: number): Promise<number[]> {
  const times: number[] = [];
  for (let each = 0; each < starts; each += 1) times.push(await startOnce());
  return times;
}

async function startOnce(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "first-answer-"));
  const start = performance.now();
  const env = { ...process.env, PORT, DATABASE_URL: `sqlite:${join(folder, "cds.db")}` };
  const child = spawn(process.execPath, ["src/main.ts"], { env, stdio: "ignore" });
  const url = `http://127.0.0.1:${PORT}/cds-services/preferred-product-order-sign`;
  while (!(await takesConnections())) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    await wait(10); // asked without a pause, it would start later: the machine has two cores
  }
  const answer = await fetch(url, call);
  await answer.text();
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  const time = performance.now() - start;
  child.kill();
  await once(child, "exit");
  rmSync(folder, { recursive: true });
  return time;
}

function takesConnections(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(PORT), "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

if (import.meta.main) {
  const times = await timeToFirstAnswer(5);
  process.stdout.write(`first card after the start: ${times.map((time) => time.toFixed(0)).join(", ")} ms\n`);
}
