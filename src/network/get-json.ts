// One GET for JSON from another server: no redirect is followed, and what comes back is bounded in type, size and nesting.
import type { Dispatcher } from "undici";
import { parseJson } from "./json.ts";

export type GetOptions = {
  readonly agent: Dispatcher;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** Called with the number of bytes read so far; throws when it is too many. */
  readonly spend: (bytes: number) => void;
};

/** What came: `body` is undefined where it is not JSON by its content type, and is then not read. */
export type JsonAnswer = { readonly status: number; readonly isJson: boolean; readonly body: unknown };

/** @throws for a network failure, a deadline, too many bytes, or JSON that cannot be read; `reasonOf` names it */
export async function getJson(url: string, { agent, signal, headers, spend }: GetOptions): Promise<JsonAnswer> {
  // Node's own fetch takes a dispatcher; its types know another version of undici.
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

/** The code of a network error (such as ECONNREFUSED), or the kind of error. Messages may quote what came. */
export function reasonOf(error: unknown): string {
  const { cause = error } = Object(error) as { cause?: unknown };
  const { code, name } = Object(cause) as { code?: unknown; name?: unknown };
  return [code, name].find((each) => typeof each === "string") ?? "unknown error";
}
