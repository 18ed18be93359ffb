// Memory budget for request bodies: charged per byte as they arrive, then per value when parsed. The total is bounded,
// and so is each client's share of bodies still arriving, so that a slow sender cannot crowd out others.
import { CallError } from "./errors.ts";

/** Bytes per parsed value, beyond its text. Measured: 20 to 70 in a chart, 100 when every object has unique keys. */
const PER_VALUE = 64;
/** Overhead bytes per chunk: 8 MB in one-byte chunks would take a hundred times as much. */
const PER_CHUNK = 256;
/** One client's share of the budget for bodies still arriving. */
const SHARE = 1 / 4;

/** The memory charged to one body. */
export type Account = {
  /** For each chunk. @throws CallError 503 */
  chargeBytes(bytes: number): void;
  /** For the parsed body. @throws CallError 413 if it could never fit, 503 */
  chargeValues(values: number): void;
  /** Releases the client's share once the whole body is here. */
  arrived(): void;
  close(): void;
};

/**
 * @param memory bytes for all bodies in progress
 * @param bodyLimit bytes of the largest body; every client may send one
 */
export function openAccounts(memory: number, bodyLimit: number): { open(client: string): Account } {
  const share = Math.max(memory * SHARE, bodyLimit * 2);
  const arriving = new Map<string, number>();
  let taken = 0;
  return {
    open(client) {
      let [own, ofShare] = [0, 0];
      const charge = (bytes: number) => {
        own += bytes;
        taken += bytes;
        if (own > memory) throw new CallError(413, "too-costly", "Body needs more memory than is available to all");
        if (taken > memory) throw tooMany("Too many request bodies in progress");
      };
      const hold = (bytes: number) => {
        ofShare += bytes;
        const held = (arriving.get(client) ?? 0) + bytes;
        if (held > 0) arriving.set(client, held);
        else arriving.delete(client);
        return held;
      };
      const arrived = () => void hold(-ofShare);
      return {
        chargeBytes(bytes) {
          if (hold(bytes + PER_CHUNK) > share) throw tooMany("Too many request bodies from this client in progress");
          charge(bytes + PER_CHUNK);
        },
        chargeValues: (values) => charge(values * PER_VALUE),
        arrived,
        close() {
          arrived();
          taken -= own;
          own = 0;
        },
      };
    },
  };
}

function tooMany(what: string): CallError {
  return new CallError(503, "transient", `${what}: send it again`, { headers: { "Retry-After": "5" } });
}
