/**
 * Hosts as clients name them.
 *
 *     Host       = uri-host [ ":" port ]
 *     uri-host   = IP-literal / IPv4address / reg-name
 *     IP-literal = "[" ( IPv6address / IPvFuture ) "]"
 *     reg-name   = *( unreserved / pct-encoded / sub-delims )
 *
 * No userinfo, ever: RFC 9110 §4.2.4.
 */

const REGISTERED_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;
const FUTURE_ADDRESS = /^[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/;
const IPV4_ADDRESS =
  /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Whether `text` may be the value of Host; the empty one may (RFC 9112 §3.2). */
export function isAuthority(text: string): boolean {
  const hostEnd = endOfHost(text);
  return isHost(text.slice(0, hostEnd)) && isPortSuffix(text.slice(hostEnd));
}

/** Whether `text` is a host and a port, neither of them empty, that could be connected to. */
export function isHostAndPort(text: string): boolean {
  return isAuthority(text) && !text.startsWith(":") && /:0*[1-9]\d*$/.test(text);
}

function endOfHost(text: string): number {
  const from = text.startsWith("[") ? text.indexOf("]") : 0;
  const colon = text.indexOf(":", Math.max(0, from));
  return colon < 0 ? text.length : colon;
}

function isHost(host: string): boolean {
  if (!host.startsWith("[")) return REGISTERED_NAME.test(host);
  const literal = host.slice(1, -1);
  return host.endsWith("]") && (isIpv6Address(literal) || FUTURE_ADDRESS.test(literal));
}

function isPortSuffix(text: string): boolean {
  return text === "" || (/^:\d{0,5}$/.test(text) && Number(text.slice(1)) <= 65535);
}

/** RFC 3986 §3.2.2: eight groups of 16 bits, one run of them may be `::`, the last two IPv4. */
function isIpv6Address(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const before = halves[0]!;
  const after = halves[1];
  if (after === undefined) return countGroups(before, true) === 8;
  // A half's count is NaN if it is invalid, and every comparison with NaN is false.
  return countGroups(before, false) + countGroups(after, true) <= 7;
}

function countGroups(text: string, mayEndInIpv4: boolean): number {
  if (text === "") return 0;
  const groups = text.split(":");
  let count = groups.length;
  if (mayEndInIpv4 && IPV4_ADDRESS.test(groups.at(-1)!)) {
    groups.pop();
    count++;
  }
  return groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group)) ? count : NaN;
}
