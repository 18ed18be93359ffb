// W3C Trace Context: a trace that a client begins goes on to the EHR, and its id stands in the log.
import { randomBytes } from "node:crypto";

export type Trace = {
  /** 32 hex digits. */
  readonly id: string;
  /** Headers of a request that belongs to the trace. */
  readonly headers: Readonly<Record<string, string>>;
};

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The trace of a call, or undefined where it brings none that is well-formed. */
export function traceOf(traceparent: string | undefined, tracestate: string | undefined): Trace | undefined {
  const [, id, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (!id || !flags) return undefined;
  const own = randomBytes(8).toString("hex");
  const state: Record<string, string> = tracestate && TRACESTATE.test(tracestate) ? { tracestate } : {};
  return { id, headers: { traceparent: `00-${id}-${own}-${flags}`, ...state } };
}
