// Connects to other servers. Addresses are resolved and judged at the moment of connecting, so that a name cannot lead
// elsewhere between check and use.
import { lookup as lookUpName } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { type AddressRule, isAllowedAddress } from "./addresses.ts";

/** Connections to one server at a time; further requests wait for one, as long as their deadline allows. */
export const MAX_CONNECTIONS = 64;

/** The `code` of the error when a host leads to an address that is not allowed. */
export const NOT_ALLOWED = "EADDRNOTALLOWED";

/** @param lookup as of node:dns; tests give their own */
export function createAgent(rule: AddressRule, lookup: LookupFunction = lookUpName): Dispatcher {
  const judged: LookupFunction = (host, options, done) => {
    lookup(host, options, (error, found, family) => {
      if (error) return done(error, found, family);
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const isAllowed = addresses.length > 0 && addresses.every((address) => isAllowedAddress(host, address, rule));
      done(isAllowed ? null : notAllowed(), found, family);
    });
  };
  const connect = buildConnector({ lookup: judged, timeout: 5000 });
  return new Agent({
    connections: MAX_CONNECTIONS,
    // No name is looked up for a host that is an address.
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
