// Compares addresses of servers as URLs, never as text that may be read in two ways.

/** Whether a URL is the base or below it. A user name, and a path that could be read in two ways, are never below. */
export function isBelow(url: string, base: string): boolean {
  if (!URL.canParse(url) || !URL.canParse(base)) return false;
  const [inner, outer] = [new URL(url), new URL(base)];
  const [written = ""] = url.split(/[?#]/);
  if (inner.username || inner.password || /%2e|%2f|%5c|\\|\/\.\.?(\/|$)/i.test(written)) return false;
  const path = `${outer.pathname.replace(/\/+$/, "")}/`;
  return inner.origin === outer.origin && `${inner.pathname.replace(/\/+$/, "")}/`.startsWith(path);
}

/** Whether a host is this machine. @param hostname as of URL */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether what is sent to a URL can be read by nobody on the way: https, or this machine. */
export function isSecure(url: string): boolean {
  return url.startsWith("https:") || isLoopback(new URL(url).hostname);
}
