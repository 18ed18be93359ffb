// The public keys of one client: cached, refreshed when a token names one that is not known, kept while the key server is out.
import { readFile } from "node:fs/promises";
import { type CryptoKey, createLocalJWKSet, type JSONWebKeySet, type JWSHeaderParameters } from "jose";
import type { Dispatcher } from "undici";
import { z } from "zod";
import { getJson, reasonOf } from "../network/get-json.ts";

/** Where the keys are: in the clients file, in a file beside it, or at the client's key server. */
export type KeyLocation =
  | { readonly kind: "inline"; readonly keys: unknown }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string };

export type KeyOptions = {
  /** Whether private members are left out instead of refused: a demonstration client publishes its private key. */
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

/** No keys could be read, and none are known from before. */
export class KeysUnavailable extends Error {}
/** The key set has no key, or no single key, of that name and algorithm. */
export class UnknownKey extends Error {}

/** Milliseconds. */
const FRESH = 10 * 60_000; // keys older than this are read again, beside the call
const COOL_DOWN = 30_000; // between two reads because of an unknown key
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
  /** One read at a time, and not again before the cool-down is over. */
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
      return undefined; // none fits, more than one does, or it is no key
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

/** The key set cannot be used; the message says why, without any key. */
export class BadKeySet extends Error {}

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })) });

/** RFC 7518, "Parameters for … Private Keys" and "… Symmetric Keys". */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * A key set as public keys, as far as they have a name. Symmetric keys are never keys of a client.
 * @throws BadKeySet
 */
export function checkKeySet(value: unknown, demonstration: boolean): JSONWebKeySet {
  const parsed = keySet.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadKeySet(`not a JSON Web Key Set: ${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  const keys = parsed.data.keys.filter(({ kid }) => kid);
  if (keys.length === 0) throw new BadKeySet("none of its keys has a kid");
  if (keys.some(({ kty }) => kty === "oct")) throw new BadKeySet("a symmetric key (kty oct) is among its keys");
  const isPrivate = keys.some((key) => PRIVATE_MEMBERS.some((member) => member in key));
  if (isPrivate && !demonstration) throw new BadKeySet("it publishes a private key: it proves nothing about who calls");
  const isPublic = ([member]: [string, unknown]) => !PRIVATE_MEMBERS.includes(member);
  return { keys: keys.map((key) => Object.fromEntries(Object.entries(key).filter(isPublic)) as never) };
}
