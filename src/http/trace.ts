// W3C Trace Context: the client's trace is passed on to the EHR, and its id is logged.
import { randomBytes } from "node:crypto";

export type Trace = {
  /** 32 hex digits. */
  readonly id: string;
  /** Headers for outgoing requests in this trace. */
  readonly headers: Readonly<Record<string, string>>;
};

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The trace of a request, or undefined if it has no valid one. */
export function traceOf(traceparent: string | undefined, tracestate: string | undefined): Trace | undefined {
  const [, id, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (!id || !flags) return undefined;
  const own = randomBytes(8).toString("hex");
  const state: Record<string, string> = tracestate && TRACESTATE.test(tracestate) ? { tracestate } : {};
  return { id, headers: { traceparent: `00-${id}-${own}-${flags}`, ...state } };
}
