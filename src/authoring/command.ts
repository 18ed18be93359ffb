// What a command of `npm run policy` is.
import type { Streams } from "../store/streams.ts";

export type Command = {
  /** What stands after the command's name, for the usage. */
  readonly usage: string;
  /**
   * Writes its answer to standard output.
   * @returns the exit code: 0 for good, 1 for what the author has to look at
   * @throws TypeError with a message for the author where the arguments do not fit: exit code 2
   */
  run(args: readonly string[], streams: Streams): Promise<number>;
};
