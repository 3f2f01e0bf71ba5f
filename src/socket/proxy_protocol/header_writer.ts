/**
 * Writes the header of the PROXY protocol: the counterpart of the reader, for proxies and tests.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";
import type { Address } from "../../coroutine/sockets/byte_socket.ts";
import { joinBytes } from "../join_bytes.ts";
import { latin1Bytes } from "../latin1.ts";
import { addressGroups } from "../trusted_peers.ts";
import {
  ADDRESS_BYTES,
  CRC32C,
  crc32c,
  MAX_V2_BYTES,
  type ProxyHeader,
  SIGNATURE,
} from "./header.ts";

/**
 * Writes a header.
 *
 * @param header The header. A TLV of the type 3 (CRC-32C) gets the right checksum, whatever its value.
 * @returns The bytes.
 * @throws {TypeError} If the argument is no header, or the version cannot express the header: TLVs, `local` or Unix
 *   sockets in version 1, a source without a destination, or ends of two families.
 * @throws {RangeError} If the header is too long.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipAddress } from "@x/cogen-wsgi/socket";
 * import { encodeProxyHeader } from "@x/cogen-wsgi/socket/proxy-protocol";
 *
 * const ends = { source: ipAddress("192.0.2.7", 5000), destination: ipAddress("10.0.0.1", 80) };
 * const bytes = encodeProxyHeader({ version: 1, command: "proxy", ...ends, tlvs: [] });
 * assertEquals(new TextDecoder().decode(bytes), "PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\n");
 * ```
 */
export function encodeProxyHeader(header: ProxyHeader): Uint8Array {
  const { source, destination, version, tlvs } = Object(header) as ProxyHeader;
  if ((version !== 1 && version !== 2) || !Array.isArray(tlvs)) {
    throw optionError(
      "The header",
      header,
      'one such as { version: 2, command: "local", tlvs: [] }',
    );
  }
  if ((source === undefined) !== (destination === undefined)) {
    throw new TypeError("A PROXY header has a source and a destination, or none of both");
  }
  return version === 1 ? encodeLine(header) : encodeBlock(header);
}

function encodeLine({ source, destination, command, tlvs }: ProxyHeader): Uint8Array {
  const isUnix = source?.family === "unix" || destination?.family === "unix";
  if (command === "local" || tlvs.length > 0 || isUnix) {
    throw new TypeError(
      "Version 1 of the PROXY protocol has no LOCAL, no TLVs and no Unix sockets",
    );
  }
  if (source === undefined || destination === undefined) return latin1Bytes("PROXY UNKNOWN\r\n");
  const family = familyOf(source, destination) === "IPv4" ? "TCP4" : "TCP6";
  const [one, other] = [source, destination].map((end) => host(end, family === "TCP6"));
  return latin1Bytes(
    `PROXY ${family} ${one} ${other} ${portOf(source)} ${portOf(destination)}\r\n`,
  );
}

const FAMILY_CODES = { IPv4: 0x11, IPv6: 0x21, unix: 0x31 } as const;

function encodeBlock({ command, source, destination, tlvs }: ProxyHeader): Uint8Array {
  const parts: Uint8Array[] = [];
  let family = 0;
  if (source !== undefined && destination !== undefined) {
    const name = familyOf(source, destination);
    family = FAMILY_CODES[name];
    for (const end of [source, destination]) parts.push(addressBytes(end, ADDRESS_BYTES[name]));
    if (name !== "unix") {
      parts.push(twoBytes(portOf(source)), twoBytes(portOf(destination)));
    }
  }
  for (const { type, value } of tlvs) {
    if (value.length > 0xffff) throw new RangeError("A TLV has more than 65535 bytes");
    const known = type === CRC32C ? new Uint8Array(4) : value;
    parts.push(new Uint8Array([type]), twoBytes(known.length), known);
  }
  const rest = joinBytes(parts);
  if (rest.length > MAX_V2_BYTES) {
    throw new RangeError(`The PROXY header has ${rest.length} bytes: at most ${MAX_V2_BYTES} fit`);
  }
  const start = [...SIGNATURE, command === "local" ? 0x20 : 0x21, family];
  const bytes = joinBytes([new Uint8Array(start), twoBytes(rest.length), rest]);
  const checksumAt = placeOfChecksum(bytes.length, tlvs);
  if (checksumAt !== undefined) {
    const sum = crc32c(bytes);
    for (let index = 0; index < 4; index++) bytes[checksumAt + index] = sum >>> 8 * (3 - index);
  }
  return bytes;
}

/** The place of the value of the checksum, counted from the end of the header. */
function placeOfChecksum(end: number, tlvs: ProxyHeader["tlvs"]): number | undefined {
  const index = tlvs.findIndex(({ type }) => type === CRC32C);
  if (index < 0) return undefined;
  const after = tlvs.slice(index + 1).reduce((sum, { type, value }) => {
    return sum + 3 + (type === CRC32C ? 4 : value.length);
  }, 0);
  return end - after - 4;
}

function familyOf(one: Address, other: Address): keyof typeof ADDRESS_BYTES {
  if (one.family === "unix" && other.family === "unix") return "unix";
  if (one.family === "unix" || other.family === "unix") {
    throw new TypeError("A PROXY header has two ends of one family");
  }
  return one.family === "IPv4" && other.family === "IPv4" ? "IPv4" : "IPv6";
}

function portOf(end: Address): number {
  return end.family === "unix" ? 0 : end.port;
}

/** The host in the text of version 1. An IPv4 end beside one of IPv6 is written as mapped. */
function host(end: Address, asIPv6: boolean): string {
  if (end.family === "unix") return "";
  return asIPv6 && end.family === "IPv4" ? `::ffff:${end.host}` : end.host;
}

function addressBytes(end: Address, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  if (end.family === "unix") {
    const path = latin1Bytes(end.path);
    if (path.length > size) {
      throw new RangeError(`The path of a Unix socket has over ${size} bytes`);
    }
    bytes.set(path);
    return bytes;
  }
  const groups = addressGroups(end.host);
  if (groups === undefined) throw new TypeError(`Not a numeric address: ${end.host}`);
  if (groups.length < size / 2) bytes.set([0xff, 0xff], 10);
  const from = size - 2 * groups.length;
  groups.forEach((group, at) => bytes.set(twoBytes(group), from + 2 * at));
  return bytes;
}

function twoBytes(value: number): Uint8Array {
  return new Uint8Array([value >>> 8, value & 0xff]);
}
