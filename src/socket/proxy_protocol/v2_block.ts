/**
 * The binary header of version 2 of the PROXY protocol.
 *
 * | bytes | content |
 * |---|---|
 * | 12 | the signature |
 * | 1 | the version (2) and the command: 0 for LOCAL, 1 for PROXY |
 * | 1 | the family and the transport: 0x11 is TCP over IPv4, 0x21 over IPv6, 0x31 a Unix stream, 0 is unknown |
 * | 2 | the length of the rest |
 * | 12, 36 or 216 | both addresses, then both ports |
 * | any | TLVs: the type, the length in two bytes, the value |
 *
 * `header_reader.ts` calls this.
 *
 * @module
 */

import type { Address } from "../../coroutine/sockets/byte_socket.ts";
import { ipAddress } from "../address.ts";
import { decodeLatin1 } from "../latin1.ts";
import { addressOfGroups } from "../trusted_peers.ts";
import {
  ADDRESS_BYTES,
  CRC32C,
  crc32c,
  type ProxyHeader,
  ProxyHeaderError,
  type ProxyTLV,
  V2_FIXED_BYTES,
} from "./header.ts";

const FAMILIES: ReadonlyMap<number, keyof typeof ADDRESS_BYTES> = new Map([
  [0x11, "IPv4"],
  [0x21, "IPv6"],
  [0x31, "unix"],
]);

/**
 * Reads a complete header, whose signature, version, command and length are checked.
 *
 * @throws {ProxyHeaderError} For a family that is no stream, addresses or TLVs that are cut short, and a
 *   wrong checksum.
 */
export function parseBlock(bytes: Uint8Array): ProxyHeader {
  const isLocal = bytes[12] === 0x20;
  const unknown = { version: 2, source: undefined, destination: undefined, tlvs: [] } as const;
  // The block of LOCAL must be ignored, even its family.
  if (isLocal) return { ...unknown, command: "local" };
  const code = bytes[13] as number;
  // The addresses of an unknown family have an unknown length, so that no TLV can be found.
  if (code === 0) return { ...unknown, command: "proxy" };
  const family = FAMILIES.get(code);
  if (family === undefined) {
    throw new ProxyHeaderError(`The PROXY header has the family ${code}, which is no stream`);
  }
  const size = ADDRESS_BYTES[family];
  const tlvStart = V2_FIXED_BYTES + 2 * size + (family === "unix" ? 0 : 4);
  if (bytes.length < tlvStart) throw new ProxyHeaderError("The PROXY header has cut addresses");
  const portOf = (at: number) => (bytes[at] as number) << 8 | (bytes[at + 1] as number);
  const ends = [0, 1].map((end): Address => {
    const from = V2_FIXED_BYTES + end * size;
    const raw = bytes.subarray(from, from + size);
    if (family === "unix") return { family, path: pathOf(raw) };
    return ipAddress(hostOf(raw), portOf(V2_FIXED_BYTES + 2 * size + 2 * end));
  });
  const tlvs = parseTLVs(bytes, tlvStart);
  return { ...unknown, command: "proxy", source: ends[0], destination: ends[1], tlvs };
}

function hostOf(raw: Uint8Array): string {
  const groups = Array.from({ length: raw.length / 2 }, (_, at) => {
    return (raw[2 * at] as number) << 8 | (raw[2 * at + 1] as number);
  });
  return addressOfGroups(groups);
}

function pathOf(raw: Uint8Array): string {
  const end = raw.indexOf(0);
  const path = end < 0 ? raw : raw.subarray(0, end);
  return decodeLatin1(path, 0, path.length);
}

function parseTLVs(bytes: Uint8Array, start: number): readonly ProxyTLV[] {
  const tlvs: ProxyTLV[] = [];
  for (let at = start; at < bytes.length;) {
    const length = (bytes[at + 1] ?? NaN) * 256 + (bytes[at + 2] ?? NaN);
    const end = at + 3 + length;
    // A length that is cut is NaN, for which the comparison is false.
    if (!(end <= bytes.length)) throw new ProxyHeaderError("The PROXY header has a cut TLV");
    const type = bytes[at] as number;
    if (type === CRC32C) checkSum(bytes, at + 3, length);
    tlvs.push({ type, value: new Uint8Array(bytes.subarray(at + 3, end)) });
    at = end;
  }
  return tlvs;
}

function checkSum(bytes: Uint8Array, at: number, length: number): void {
  // `slice` of a Buffer makes no copy.
  const zeroed = new Uint8Array(bytes);
  zeroed.fill(0, at, at + length);
  const sum = crc32c(zeroed);
  const isRight = length === 4 &&
    [24, 16, 8, 0].every((shift, index) => bytes[at + index] === (sum >>> shift & 0xff));
  if (!isRight) throw new ProxyHeaderError("The PROXY header has a wrong checksum");
}
