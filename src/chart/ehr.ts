// Calls the EHR's FHIR server, with the token that came with the call and only where the operator allows it. Knows HTTP
// and the bounds of a call; knows no policy.
import { isRecord, objectsIn } from "../policy/fhir-json.ts";

/** Access to the EHR for one call. The token is never stored or logged. */
export type EhrAccess = {
  /** Base URL of the FHIR server. */
  readonly server: string;
  readonly token: string;
  /** Ends every request of the call when its deadline passes. */
  readonly deadline: AbortSignal;
};

/** What a request to the EHR came to. `why` is for the log: no address, no content. */
export type EhrAnswer =
  | { readonly state: "read"; readonly body: unknown }
  | { readonly state: "unsupported" }
  | { readonly state: "failed"; readonly why: string };

const LONGEST_ANSWER = 16 * 1024 * 1024; // bytes

/** Whether the server is one of the allowed base URLs: same scheme, host and port, and the path at or below theirs. */
export function isAllowedServer(server: string, allowed: readonly string[]): boolean {
  return allowed.some((base) => isBelow(server, base));
}

/** Whether a URL is the base or below it. A user name, and a path that could be read in two ways, are never below. */
export function isBelow(url: string, base: string): boolean {
  if (!URL.canParse(url) || !URL.canParse(base)) return false;
  const [inner, outer] = [new URL(url), new URL(base)];
  const [written = ""] = url.split(/[?#]/);
  if (inner.username || inner.password || /%2e|%2f|%5c|\\|\/\.\.?(\/|$)/i.test(written)) return false;
  const path = `${outer.pathname.replace(/\/+$/, "")}/`;
  return inner.origin === outer.origin && `${inner.pathname.replace(/\/+$/, "")}/`.startsWith(path);
}

/** GET below the server's base. `pathOrUrl` is relative to it, or a URL that the server itself gave (a page link). */
export async function getFromEhr(access: EhrAccess, pathOrUrl: string): Promise<EhrAnswer> {
  const base = `${access.server.replace(/\/+$/, "")}/`;
  const url = URL.canParse(pathOrUrl, base) ? new URL(pathOrUrl, base).href : "";
  if (!isBelow(url, base)) return { state: "failed", why: "address outside the FHIR server" };
  try {
    const response = await fetch(url, {
      headers: { accept: "application/fhir+json", authorization: `Bearer ${access.token}` },
      redirect: "manual", // a token follows no redirect
      signal: access.deadline,
    });
    return await readAnswer(response);
  } catch (error) {
    return { state: "failed", why: access.deadline.aborted ? "deadline" : reasonOf(error) };
  }
}

async function readAnswer(response: Response): Promise<EhrAnswer> {
  const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(response.headers.get("content-type") ?? "");
  if (response.status === 404) {
    await response.body?.cancel();
    return { state: "unsupported" };
  }
  if (!isJson || (!response.ok && response.status !== 400)) {
    await response.body?.cancel();
    return { state: "failed", why: response.ok ? "not JSON" : `status ${response.status}` };
  }
  const body: unknown = JSON.parse(await readText(response));
  if (response.ok) return { state: "read", body };
  const notSupported = isRecord(body) && objectsIn(body.issue).some(({ code }) => code === "not-supported");
  return notSupported ? { state: "unsupported" } : { state: "failed", why: "status 400" };
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > LONGEST_ANSWER) throw new Error("answer too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The code of a network error (such as ECONNREFUSED), or the kind of error. Messages may quote what came. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? String((cause as NodeJS.ErrnoException).code ?? cause.name) : "unknown error";
}
