// The type of a command of `npm run policy`.
import type { Streams } from "../store/streams.ts";

export type Command = {
  /** The arguments, for the usage message. */
  readonly usage: string;
  /**
   * Writes its result to standard output.
   * @returns the exit code: 0 for success, 1 if the author has something to fix
   * @throws TypeError with a message for the author if the arguments are invalid: exit code 2
   */
  run(args: readonly string[], streams: Streams): Promise<number>;
};
