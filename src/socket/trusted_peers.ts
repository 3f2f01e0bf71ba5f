/**
 * Sets of peers: addresses, ranges in the notation of CIDR (RFC 4632, RFC 4291 §2.3), and names of ranges.
 *
 * A range is parsed once into 16-bit groups and a mask of each. A test parses the address of the peer and
 * compares the groups. An IPv4 address has two groups and an IPv6 address eight, so a range of one family
 * never has an address of the other. An IPv4 address that is mapped into IPv6 counts as IPv4.
 *
 * The trap: an address may be written in many ways, such as `127.1` or `0177.0.0.1`. Only the usual ones are
 * read, and all others belong to no range.
 *
 * The middleware `trustProxy` calls this, and the server does for the PROXY protocol.
 *
 * @module
 */

import { optionError, showValue } from "../coroutine/mod.ts";
import { checkText } from "./argument_checks.ts";

/** A set of peers. */
export interface TrustedPeers {
  /** Whether the clients of a Unix socket belong to the set. */
  readonly hasUnix: boolean;
  /** Whether a numeric address belongs to the set. Any other text belongs to none. */
  has(address: string): boolean;
}

interface Range {
  readonly groups: readonly number[];
  readonly masks: readonly number[];
}

/** The ranges that have a name. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  unix: [],
};

const EXPECTED = '"loopback", "private", "unix", an address, or a range such as "10.0.0.0/8"';

/**
 * Reads a set of peers.
 *
 * @param name The name of the option, for the error.
 * @param list Addresses such as `192.0.2.1`, ranges such as `10.0.0.0/8` or `2001:db8::/32`, and the names
 *   `loopback` (127.0.0.0/8 and ::1), `private` (the private ranges of RFC 1918 and RFC 4193) and `unix` (the
 *   clients of a Unix socket).
 * @returns The set.
 * @throws {TypeError} For an entry that is none of these.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { trustedPeers } from "@x/cogen-wsgi/socket";
 *
 * const peers = trustedPeers("from", ["loopback", "2001:db8::/32"]);
 * assertEquals(["127.0.0.1", "2001:db8::5", "192.0.2.1"].map((one) => peers.has(one)), [true, true, false]);
 * ```
 */
export function trustedPeers(name: string, list: readonly string[]): TrustedPeers {
  if (!Array.isArray(list)) throw optionError(name, list, `a list of ${EXPECTED}`);
  const ranges: Range[] = [];
  for (const entry of list as readonly unknown[]) {
    if (typeof entry !== "string") throw optionError(`An entry of ${name}`, entry, EXPECTED);
    const texts = Object.hasOwn(NAMED, entry) ? NAMED[entry] as readonly string[] : [entry];
    ranges.push(...texts.map((text) => parseRange(name, text)));
  }
  return {
    hasUnix: list.includes("unix"),
    has(address) {
      const groups = addressGroups(address);
      return groups !== undefined && ranges.some((range) => isIn(range, groups));
    },
  };
}

function isIn({ groups, masks }: Range, address: readonly number[]): boolean {
  return groups.length === address.length &&
    groups.every((group, at) => ((address[at] as number) & (masks[at] as number)) === group);
}

function parseRange(name: string, text: string): Range {
  const [address = "", length, surplus] = text.split("/");
  const groups = addressGroups(address);
  const bits = (groups?.length ?? 0) * 16;
  const isLength = length === undefined || /^\d{1,3}$/.test(length) && Number(length) <= bits;
  if (groups === undefined || !isLength || surplus !== undefined) {
    throw new TypeError(`An entry of ${name} is ${showValue(text)}: expected ${EXPECTED}`);
  }
  const kept = length === undefined ? bits : Number(length);
  const masks = groups.map((_, at) => {
    const own = Math.min(16, Math.max(0, kept - at * 16));
    return (0xffff << (16 - own)) & 0xffff;
  });
  if (groups.every((group, at) => (group & ~(masks[at] as number)) === 0)) return { groups, masks };
  throw new TypeError(
    `An entry of ${name} is ${showValue(text)}, which has bits after its first ${kept}: ` +
      `leave out "/${length}" for one address, or write the first address of the range`,
  );
}

const MAPPED = [0, 0, 0, 0, 0, 0xffff];

/** The groups of an address; of an IPv4 address that is mapped into IPv6, those of IPv4. */
function unmapped(groups: readonly number[]): readonly number[] {
  const isMapped = groups.length === 8 && MAPPED.every((group, at) => groups[at] === group);
  return isMapped ? groups.slice(MAPPED.length) : groups;
}

/**
 * Reads a numeric address.
 *
 * @param text The address, without brackets. A zone, as in `fe80::1%eth0`, is not compared.
 * @returns Two groups of 16 bits for IPv4, eight for IPv6; `undefined` if the text is no address.
 * @throws {TypeError} If the argument is no text.
 */
export function addressGroups(text: string): readonly number[] | undefined {
  checkText("text of addressGroups", text);
  if (text.length > MAX_ADDRESS) return undefined;
  if (!text.includes(":")) return ipv4Groups(text);
  const [address = ""] = text.split("%");
  const groups = ipv6Groups(address);
  return groups && unmapped(groups);
}

/**
 * Writes a numeric address in its usual form, which is that of RFC 5952 for IPv6: `2001:db8::5`. So one client has
 * one text, however a proxy writes its address.
 *
 * @param groups Two groups of 16 bits for IPv4, eight for IPv6. An IPv4 address that is mapped into IPv6 is written
 *   as IPv4.
 * @returns The address, without brackets.
 * @throws {TypeError} If the groups are no array.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { addressGroups, addressOfGroups } from "@x/cogen-wsgi/socket";
 *
 * const usual = (text: string) => addressOfGroups(addressGroups(text) ?? []);
 * assertEquals(usual("2001:DB8:0:0::0005"), "2001:db8::5");
 * assertEquals(usual("::ffff:a00:1"), "10.0.0.1");
 * ```
 */
export function addressOfGroups(groups: readonly number[]): string {
  if (!Array.isArray(groups)) {
    throw optionError("groups of addressOfGroups", groups, "those of addressGroups");
  }
  groups = unmapped(groups);
  if (groups.length === 2) return groups.flatMap((group) => [group >> 8, group & 0xff]).join(".");
  const text = groups.map((group) => group.toString(16));
  // The first of the longest runs of zeros becomes `::`.
  let best = { at: 0, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length < 2) return text.join(":");
  return `${text.slice(0, best.at).join(":")}::${text.slice(best.at + best.length).join(":")}`;
}

/** No address with a zone is longer. */
const MAX_ADDRESS = 64;
const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

function ipv4Groups(text: string): readonly number[] | undefined {
  const match = IPV4.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1).map(Number);
  return [a << 8 | b, c << 8 | d];
}

function ipv6Groups(text: string): readonly number[] | undefined {
  const [before = "", after, surplus] = text.split("::");
  if (surplus !== undefined) return undefined;
  const first = groupsOf(before, after === undefined);
  const last = groupsOf(after ?? "", true);
  if (first === undefined || last === undefined) return undefined;
  const missing = 8 - first.length - last.length;
  if (after === undefined) return missing === 0 ? first : undefined;
  return missing < 1 ? undefined : [...first, ...Array<number>(missing).fill(0), ...last];
}

/** Reads one side of `::`. The last two groups may be an IPv4 address. */
function groupsOf(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const words = text.split(":");
  for (const [at, word] of words.entries()) {
    if (/^[\da-f]{1,4}$/i.test(word)) groups.push(Number.parseInt(word, 16));
    else {
      const isLast = at === words.length - 1;
      const ipv4 = mayEndInIPv4 && isLast ? ipv4Groups(word) : undefined;
      if (ipv4 === undefined) return undefined;
      groups.push(...ipv4);
    }
  }
  return groups;
}
