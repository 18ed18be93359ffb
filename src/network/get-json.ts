// Sends one GET for JSON to another server. Follows no redirect; limits the response's type, size, and nesting.
import type { Dispatcher } from "undici";
import { parseJson } from "./json.ts";

export type GetOptions = {
  readonly agent: Dispatcher;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** Called with the bytes of each chunk; throws when the total is too large. */
  readonly spend: (bytes: number) => void;
};

/** `body` is undefined, and not read, if the content type is not JSON. */
export type JsonAnswer = { readonly status: number; readonly isJson: boolean; readonly body: unknown };

/** @throws on a network failure, the deadline, too many bytes, or invalid JSON; `reasonOf` names the reason */
export async function getJson(url: string, { agent, signal, headers, spend }: GetOptions): Promise<JsonAnswer> {
  // Node's fetch takes a dispatcher, but is typed for another version of undici.
  const init: object = { headers, signal, redirect: "manual", dispatcher: agent };
  const response = await fetch(url, init);
  const { status } = response;
  const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(response.headers.get("content-type") ?? "");
  if (!isJson || !(response.ok || status === 400)) {
    await response.body?.cancel();
    return { status, isJson, body: undefined };
  }
  return { status, isJson, body: parseJson(await readBytes(response, spend)) };
}

async function readBytes(response: Response, spend: (bytes: number) => void): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body ?? []) {
    spend(chunk.byteLength);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The code of a network error (such as ECONNREFUSED) or the error's name. Never its message, which may quote the
 * response.
 */
export function reasonOf(error: unknown): string {
  const { cause = error } = Object(error) as { cause?: unknown };
  const { code, name } = Object(cause) as { code?: unknown; name?: unknown };
  return [code, name].find((each) => typeof each === "string") ?? "unknown error";
}
