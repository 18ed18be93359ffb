// Parses a file's data with a zod schema. Reports faults in the author's terms: an unknown key with a suggestion, a
// missing key, or a value that is not allowed.
import { z } from "zod";
import { nearest } from "../check/suggest.ts";
import type { Path, SourceFile } from "./source-file.ts";

/** The parsed data, or undefined. */
export function readAs<Schema extends z.ZodType>(source: SourceFile, schema: Schema): z.infer<Schema> | undefined {
  const parsed = schema.safeParse(source.value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === "unrecognized_keys") noteUnknownKeys(source, schema, issue.path, issue.keys);
    else if (valueAt(source.value, issue.path) === undefined) source.fault(issue.path, "is missing");
    else
      source.fault(issue.path, reasonOf(issue), {
        suggestion: suggestionFor(issue, valueAt(source.value, issue.path)),
      });
  }
  return undefined;
}

function noteUnknownKeys(source: SourceFile, schema: z.ZodType, path: Path, keys: readonly string[]): void {
  const known = keysAt(schema, path);
  const given = Object.keys(valueAt(source.value, path) ?? {});
  const open = known.filter((key) => !given.includes(key));
  for (const key of keys)
    source.fault([...path, key], "is not a valid key here", { at: "key", suggestion: nearest(key, open) });
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === "too_small") return issue.origin === "array" ? "must not be an empty list" : "must not be empty";
  const own = issue.message.startsWith("Invalid ") ? undefined : issue.message;
  if (issue.code === "invalid_value" && !own) return `must be ${oneOf(issue.values.map(String))}`;
  return own ?? issue.message;
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `"${words[0]}"` : `one of ${words.join(", ")}`;
}

const KINDS: Record<string, string> = {
  string: "text",
  array: "a list",
  object: "keys and values",
  record: "keys and values",
};

function suggestionFor(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  return issue.code === "invalid_value" && typeof value === "string"
    ? nearest(value, issue.values.map(String))
    : undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** The keys that a schema allows at a path, from its JSON Schema. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  type Json = { properties?: Record<string, Json>; items?: Json; additionalProperties?: Json };
  let at: Json | undefined = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json;
  for (const step of path)
    at = typeof step === "number" ? at?.items : (at?.properties?.[String(step)] ?? at?.additionalProperties);
  return Object.keys(at?.properties ?? {});
}
