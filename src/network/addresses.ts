// Decides which network addresses the service may connect to. A public host name must not lead into the operator's
// network, to this machine, or to a cloud metadata service (OWASP API7, "Server Side Request Forgery").
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** What the operator allows beyond public addresses. */
export type AddressRule = {
  /** Host names and literal addresses that the operator configured, as in a URL, without brackets. */
  readonly named: readonly string[];
  /** Whether addresses of private networks are allowed. */
  readonly privateNetwork: boolean;
};

const PRIVATE = new Set(["private", "uniqueLocal", "carrierGradeNat"]);

/**
 * Cloud metadata services in otherwise public or private ranges: Amazon and Google over IPv6, Alibaba, and Azure's
 * wire server. Sources: their documentation.
 */
const METADATA = new Set(["fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"]);

/** @param address what the host name resolved to, or the host itself */
export function isAllowedAddress(host: string, address: string, { named, privateNetwork }: AddressRule): boolean {
  if (!isIP(address)) return false;
  const parsed = unwrap(ipaddr.parse(address.replace(/%.*$/, "")));
  const plain = parsed.toString();
  if (named.includes(plain)) return true;
  if (METADATA.has(plain)) return false;
  const range = parsed.range();
  if (range === "loopback") return host === "localhost" && named.includes(host);
  return range === "unicast" || (privateNetwork && PRIVATE.has(range));
}

/**
 * The IPv4 address embedded in an IPv6 address: mapped (::ffff:0:0/96), "compatible" (::/96), NAT64 (64:ff9b::/96),
 * or ISATAP (…:5efe:a.b.c.d, RFC 5214).
 */
function unwrap(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const { parts } = address;
  const isCompatible = parts.slice(0, 6).every((part) => part === 0) && parts[6] !== 0;
  const isIsatap = (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe;
  if (isCompatible || isIsatap || address.range() === "rfc6052") {
    return new ipaddr.IPv4(address.toByteArray().slice(12));
  }
  return address;
}
