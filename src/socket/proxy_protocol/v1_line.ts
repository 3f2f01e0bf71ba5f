/**
 * The line of version 1 of the PROXY protocol.
 *
 *     line = "PROXY" SP ( "UNKNOWN" *any / ( "TCP4" / "TCP6" ) SP address SP address SP port SP port ) CR LF
 *
 * `header_reader.ts` calls this.
 *
 * @module
 */

import type { Address } from "../../coroutine/sockets/byte_socket.ts";
import { ipAddress } from "../address.ts";
import { decodeLatin1 } from "../latin1.ts";
import { addressGroups, addressOfGroups } from "../trusted_peers.ts";
import { type ProxyHeader, ProxyHeaderError } from "./header.ts";

const LINE =
  /^PROXY (TCP4|TCP6) ([\da-fA-F:.]{2,45}) ([\da-fA-F:.]{2,45}) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/;
const UNKNOWN = /^PROXY UNKNOWN(?: [^\r\n]*)?\r\n$/;

/**
 * Reads a complete line.
 *
 * @param bytes The line with CR LF.
 * @throws {ProxyHeaderError} For a malformed line.
 */
export function parseLine(bytes: Uint8Array): ProxyHeader {
  const line = decodeLatin1(bytes, 0, bytes.length);
  const shared = { version: 1, command: "proxy", tlvs: [] } as const;
  if (UNKNOWN.test(line)) return { ...shared, source: undefined, destination: undefined };
  const [, family, source = "", destination = "", from = "", to = ""] = LINE.exec(line) ?? [];
  if (family === undefined) throw malformed(line);
  const ends = [endOf(family, source, from), endOf(family, destination, to)] as const;
  if (ends[0] === undefined || ends[1] === undefined) throw malformed(line);
  return { ...shared, source: ends[0], destination: ends[1] };
}

function endOf(family: string, host: string, port: string): Address | undefined {
  const isOfFamily = host.includes(":") === (family === "TCP6");
  const groups = isOfFamily && Number(port) <= 65_535 ? addressGroups(host) : undefined;
  return groups && ipAddress(addressOfGroups(groups), Number(port));
}

function malformed(line: string): ProxyHeaderError {
  const shown = line.trimEnd().replace(/[^ -~]/g, "?");
  return new ProxyHeaderError(`The PROXY line is malformed: "${shown}"`);
}
