// The names of the settings that src/config.ts knows, and files that give settings.
import { readFileSync } from "node:fs";

const known = new Set(readFileSync("src/config.ts", "utf8").match(/(?<=^ {4})[A-Z_]+(?=: )/gm));

/** @returns those that the service does not know */
export const unknownSettings = (names: readonly string[]): string[] => names.filter((name) => !known.has(name));

export function readEnvFile(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
