// One client's public keys: cached, refreshed when a token names an unknown key, kept while the key server is down.
import { readFile } from "node:fs/promises";
import { type CryptoKey, createLocalJWKSet, type JSONWebKeySet, type JWSHeaderParameters } from "jose";
import type { Dispatcher } from "undici";
import { z } from "zod";
import { getJson, reasonOf } from "../network/get-json.ts";

/** In the clients file, in another file, or at the client's key server. */
export type KeyLocation =
  | { readonly kind: "inline"; readonly keys: unknown }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string };

export type KeyOptions = {
  /** Strips private members instead of rejecting them: a demonstration client publishes its private key. */
  readonly demonstration: boolean;
  readonly agent: Dispatcher;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called with the reason when keys could not be read. */
  readonly onFailure: (why: string) => void;
};

export type Keys = {
  /** The key that a token's header names. @throws KeysUnavailable, UnknownKey */
  find(header: JWSHeaderParameters): Promise<CryptoKey>;
};

/** The keys could not be read, and none are cached. */
export class KeysUnavailable extends Error {}
/** No key, or more than one, has that id and algorithm. */
export class UnknownKey extends Error {}

/** Milliseconds. */
const FRESH = 10 * 60_000; // older keys are refreshed in the background
const COOL_DOWN = 30_000; // between refreshes caused by unknown keys
const COOL_DOWN_AFTER_FAILURE = 5_000;
const MAX_OUTAGE = 24 * 3_600_000; // keys older than this are no longer trusted
const MAX_READ_TIME = 2_000;
const MAX_BYTES = 256 * 1024;

export function createKeys(location: KeyLocation, options: KeyOptions): Keys {
  const { now, onFailure } = options;
  let known: { readonly find: ReturnType<typeof createLocalJWKSet>; readonly readAt: number } | undefined;
  let nextTry = 0;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    try {
      const keySet = checkKeySet(await load(location, options), options.demonstration);
      known = { find: createLocalJWKSet(keySet), readAt: now() };
      nextTry = now() + COOL_DOWN;
    } catch (error) {
      nextTry = now() + COOL_DOWN_AFTER_FAILURE;
      onFailure(error instanceof BadKeySet ? error.message : reasonOf(error));
    }
  }
  /** One read at a time, and none before the cool-down ends. */
  function refresh(): Promise<void> {
    if (!reading && now() >= nextTry) {
      reading = read().finally(() => {
        reading = undefined;
      });
    }
    return reading ?? Promise.resolve();
  }
  const age = () => (known ? now() - known.readAt : Number.POSITIVE_INFINITY);

  async function findKnown(header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
    if (age() > MAX_OUTAGE) throw new KeysUnavailable();
    try {
      return await known?.find(header);
    } catch {
      return undefined; // no match, several matches, or an invalid key
    }
  }

  return {
    async find(header) {
      if (age() > MAX_OUTAGE) await refresh();
      else if (age() > FRESH) void refresh();
      let key = await findKnown(header);
      if (!key) {
        await refresh();
        key = await findKnown(header);
      }
      if (!key) throw new UnknownKey();
      return key;
    },
  };
}

async function load(location: KeyLocation, { agent }: KeyOptions): Promise<unknown> {
  if (location.kind === "inline") return location.keys;
  if (location.kind === "file") return JSON.parse(await readFile(location.path, "utf8"));
  let bytes = 0;
  const spend = (more: number) => {
    bytes += more;
    if (bytes > MAX_BYTES) throw Object.assign(new Error("key set too long"), { code: "KEY_SET_TOO_LONG" });
  };
  const headers = { accept: "application/json, application/jwk-set+json" };
  const answer = await getJson(location.url, { agent, headers, spend, signal: AbortSignal.timeout(MAX_READ_TIME) });
  if (answer.status !== 200) throw new BadKeySet(`status ${answer.status}`);
  if (!answer.isJson) throw new BadKeySet("not JSON");
  return answer.body;
}

/** An unusable key set. The message says why, without key material. */
export class BadKeySet extends Error {}

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })) });

/** RFC 7518, "Parameters for … Private Keys" and "… Symmetric Keys". */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * The public keys that have a kid. Symmetric keys are rejected.
 * @throws BadKeySet
 */
export function checkKeySet(value: unknown, demonstration: boolean): JSONWebKeySet {
  const parsed = keySet.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadKeySet(`is not a JSON Web Key Set: ${issue?.path.join(".") || "value"}: ${issue?.message}`);
  }
  const keys = parsed.data.keys.filter(({ kid }) => kid);
  if (keys.length === 0) throw new BadKeySet("has no key with a kid");
  if (keys.some(({ kty }) => kty === "oct")) throw new BadKeySet("contains a symmetric key (kty oct)");
  const isPrivate = keys.some((key) => PRIVATE_MEMBERS.some((member) => member in key));
  if (isPrivate && !demonstration) throw new BadKeySet("publishes a private key, so its signatures prove nothing");
  const isPublic = ([member]: [string, unknown]) => !PRIVATE_MEMBERS.includes(member);
  return { keys: keys.map((key) => Object.fromEntries(Object.entries(key).filter(isPublic)) as never) };
}
