// Connects to other servers. Addresses are resolved and checked when connecting, so a name cannot change its address
// between check and use (DNS rebinding).
import { lookup as lookUpName } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { type AddressRule, isAllowedAddress } from "./addresses.ts";

/** Concurrent connections to one server. Further requests wait for one until their deadline. */
export const MAX_CONNECTIONS = 64;

/** The error `code` for a host that resolves to an address that is not allowed. */
export const NOT_ALLOWED = "EADDRNOTALLOWED";

/** @param lookup node:dns unless a test passes its own */
export function createAgent(rule: AddressRule, lookup: LookupFunction = lookUpName): Dispatcher {
  const checkedLookup: LookupFunction = (host, options, done) => {
    lookup(host, options, (error, found, family) => {
      if (error) return done(error, found, family);
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const isAllowed = addresses.length > 0 && addresses.every((address) => isAllowedAddress(host, address, rule));
      done(isAllowed ? null : notAllowed(), found, family);
    });
  };
  const connect = buildConnector({ lookup: checkedLookup, timeout: 5000 });
  return new Agent({
    connections: MAX_CONNECTIONS,
    // A literal address never reaches the lookup.
    connect: (options, done) => {
      const host = options.hostname.replace(/^\[|\]$/g, "");
      if (isIP(host) && !isAllowedAddress(host, host, rule)) done(notAllowed(), null);
      else connect(options, done);
    },
  });
}

function notAllowed(): NodeJS.ErrnoException {
  return Object.assign(new Error("address not allowed"), { code: NOT_ALLOWED });
}
