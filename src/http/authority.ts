/**
 * The check of an authority: the value of Host, and the authority of a request target.
 *
 *     Host       = uri-host [ ":" port ]
 *     uri-host   = IP-literal / IPv4address / reg-name
 *     IP-literal = "[" ( IPv6address / IPvFuture ) "]"
 *     port       = *DIGIT
 *
 * Strategy: the text is cut at the colon of the port, and each half is matched by itself. Userinfo
 * is always refused (RFC 9110 §4.2.4). Every pattern takes linear time, as the text comes from a
 * peer.
 *
 * `reading/head_reader.ts` calls this for Host, and `request_target.ts` for targets.
 *
 * @module
 */

/** `reg-name = *( unreserved / pct-encoded / sub-delims )` (RFC 3986 §3.2.2). */
const REGISTERED_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;
/** `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`. */
const FUTURE_ADDRESS = /^[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/;
/** `IPv4address = dec-octet "." dec-octet "." dec-octet "." dec-octet`. */
const IPV4_ADDRESS =
  /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Whether `text` is a valid value of Host. The empty value is valid (RFC 9112 §3.2). */
export function isAuthority(text: string): boolean {
  const hostEnd = endOfHost(text);
  return isHost(text.slice(0, hostEnd)) && isPortSuffix(text.slice(hostEnd));
}

/**
 * Whether `text` is a host and a port that a tunnel can connect to: neither is empty, and the port
 * is not 0.
 */
export function isHostAndPort(text: string): boolean {
  return isAuthority(text) && !text.startsWith(":") && /:0*[1-9]\d*$/.test(text);
}

/** The index of the colon before the port, or the length of a text without one. */
function endOfHost(text: string): number {
  const from = text.startsWith("[") ? text.indexOf("]") : 0;
  const colon = text.indexOf(":", Math.max(0, from));
  return colon < 0 ? text.length : colon;
}

/** Whether `host` is a `uri-host`. The alternative IPv4address is a `reg-name`, too. */
function isHost(host: string): boolean {
  if (!host.startsWith("[")) return REGISTERED_NAME.test(host);
  const literal = host.slice(1, -1);
  return host.endsWith("]") && (isIpv6Address(literal) || FUTURE_ADDRESS.test(literal));
}

/** Whether `text` is empty or `":" port`, with a port of at most 65535. */
function isPortSuffix(text: string): boolean {
  return text === "" || (/^:\d{0,5}$/.test(text) && Number(text.slice(1)) <= 65535);
}

/**
 * Whether `text` is an `IPv6address` (RFC 3986 §3.2.2): eight groups of 16 bits; `::` replaces one run
 * of groups; an IPv4 address may replace the last two.
 */
function isIpv6Address(text: string): boolean {
  const [before = "", after, third] = text.split("::");
  if (third !== undefined) return false;
  if (after === undefined) return countGroups(before, true) === 8;
  // The count of an invalid half is NaN, and a comparison with NaN is false.
  return countGroups(before, false) + countGroups(after, true) <= 7;
}

/** The number of 16-bit groups in one half of an address; NaN for an invalid half. */
function countGroups(text: string, mayEndInIpv4: boolean): number {
  if (text === "") return 0;
  const groups = text.split(":");
  let count = groups.length;
  if (mayEndInIpv4 && IPV4_ADDRESS.test(groups.at(-1) as string)) {
    groups.pop();
    count++;
  }
  return groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group)) ? count : NaN;
}
