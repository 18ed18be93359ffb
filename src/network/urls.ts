// Compares addresses of servers as URLs, never as text that may be read in two ways.

const MAX_LENGTH = 4096; // characters of a URL

/** Whether a URL is the base or below it. A user name, and a path that could be read in two ways, are never below. */
export function isBelow(url: string, base: string): boolean {
  if (url.length > MAX_LENGTH || !URL.canParse(url) || !URL.canParse(base)) return false;
  const [inner, outer] = [new URL(url), new URL(base)];
  const [written = ""] = url.split(/[?#]/);
  if (inner.username || inner.password || isAmbiguous(written)) return false;
  const path = `${withoutEndSlashes(outer.pathname)}/`;
  return inner.origin === outer.origin && `${withoutEndSlashes(inner.pathname)}/`.startsWith(path);
}

/** Dot segments, also encoded, also twice, or hidden behind a parameter (`..;`); backslashes; control characters and spaces. */
export function isAmbiguous(url: string): boolean {
  return /%(2e|2f|5c|25)|[\\;\p{Cc}\p{Z}]|\/\.\.?(\/|$)/iu.test(url);
}

/** In one pass, whatever the length. */
export function withoutEndSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}

/** Whether a host is this machine. @param hostname as of URL */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether what is sent to a URL can be read by nobody on the way: https, or this machine. */
export function isSecure(url: string): boolean {
  return url.startsWith("https:") || isLoopback(new URL(url).hostname);
}
