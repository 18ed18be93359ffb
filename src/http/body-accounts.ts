// What bodies take of the memory: as bytes while they arrive, and as what they become when they are parsed. All together are bounded, and each
// client while its bodies arrive, so that one that sends slowly leaves room for the others.
import { CallError } from "./errors.ts";

/** Bytes that a value takes when it is parsed, beside its text. Measured: 20 to 70 in a chart, 100 where every object has names of its own. */
const PER_VALUE = 64;
/** Bytes that a part of a body takes beside what is in it: 8 MB in parts of one byte would be a hundred times as much. */
const PER_PART = 256;
/** The part of the memory that one client's bodies may take while they arrive. */
const SHARE = 1 / 4;

/** What one body takes. */
export type Account = {
  /** As it arrives, part by part. @throws CallError 503 */
  chargeBytes(bytes: number): void;
  /** What it becomes. @throws CallError 413 for one that will never have room, 503 */
  chargeValues(values: number): void;
  /** It is whole, and its client's share is free again. */
  arrived(): void;
  close(): void;
};

/**
 * @param memory bytes for all bodies under way
 * @param bodyLimit bytes of the largest body: any client may send one
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
        if (own > memory) throw new CallError(413, "too-costly", "Body takes more memory than there is for all");
        if (taken > memory) throw tooMany("Too many bodies are being read");
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
          if (hold(bytes + PER_PART) > share) throw tooMany("Too many bodies of this client are under way");
          charge(bytes + PER_PART);
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
