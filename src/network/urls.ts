// Compares server addresses as parsed URLs, never as ambiguous text.

const MAX_LENGTH = 4096; // characters of a URL

/** Whether a URL is the base or below it. Never true for a URL with credentials or an ambiguous path. */
export function isBelow(url: string, base: string): boolean {
  if (url.length > MAX_LENGTH || !URL.canParse(url) || !URL.canParse(base)) return false;
  const [inner, outer] = [new URL(url), new URL(base)];
  const [written = ""] = url.split(/[?#]/);
  if (inner.username || inner.password || isAmbiguous(written)) return false;
  const path = `${withoutEndSlashes(outer.pathname)}/`;
  return inner.origin === outer.origin && `${withoutEndSlashes(inner.pathname)}/`.startsWith(path);
}

/**
 * Dot segments (also encoded, double-encoded, or before a parameter: `..;`), backslashes, control characters, and
 * spaces.
 */
export function isAmbiguous(url: string): boolean {
  return /%(2e|2f|5c|25)|[\\;\p{Cc}\p{Z}]|\/\.\.?(\/|$)/iu.test(url);
}

/** Linear in the length of the text, unlike a regular expression. */
export function withoutEndSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}

/** Whether a host is this machine. @param hostname as in `URL.hostname` */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether nobody can read the traffic to a URL: https, or this machine. */
export function isSecure(url: string): boolean {
  return url.startsWith("https:") || isLoopback(new URL(url).hostname);
}
