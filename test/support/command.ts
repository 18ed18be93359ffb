// Runs a command in this process, as npm runs it in one of its own.
import type { Streams } from "../../src/store/streams.ts";

export type Ran = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they were written. */
  readonly output: string;
};

export async function runCommand(command: (streams: Streams) => Promise<number>): Promise<Ran> {
  const written: { readonly to: "stdout" | "stderr"; readonly text: string }[] = [];
  const code = await command({
    stdout: { write: (text) => written.push({ to: "stdout", text }) },
    stderr: { write: (text) => written.push({ to: "stderr", text }) },
  });
  const textOf = (parts: typeof written) => parts.map(({ text }) => text).join("");
  return {
    code,
    stdout: textOf(written.filter(({ to }) => to === "stdout")),
    stderr: textOf(written.filter(({ to }) => to === "stderr")),
    output: textOf(written),
  };
}
