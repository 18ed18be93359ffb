// The names of the settings that src/config.ts knows, and files that give settings.
import { environment } from "../../src/config.ts";

/** @returns those that the service does not know */
export const unknownSettings = (names: readonly string[]): string[] =>
  names.filter((name) => !Object.hasOwn(environment.shape, name));

export function readEnvFile(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
