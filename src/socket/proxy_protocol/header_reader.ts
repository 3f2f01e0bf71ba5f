/**
 * Reads the header of the PROXY protocol: bytes in, a header out, without I/O.
 *
 * The checks run in the order of the bytes, each as soon as its bytes are here. So a header gives the same
 * result however it is cut, and a connection without a header is refused at its first wrong byte.
 *
 * The trap: in mode `auto`, the first byte decides the version. A connection without a header is never taken.
 * Otherwise a client could write a header where the proxy writes none.
 *
 * The connection of the server calls this.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";
import { joinBytes } from "../join_bytes.ts";
import {
  MAX_V1_BYTES,
  MAX_V2_BYTES,
  type ProxyHeader,
  ProxyHeaderError,
  type ProxyVersion,
  SIGNATURE,
  V2_FIXED_BYTES,
} from "./header.ts";
import { parseLine } from "./v1_line.ts";
import { parseBlock } from "./v2_block.ts";

const LINE_START: readonly number[] = [..."PROXY "].map((character) => character.charCodeAt(0));
const EMPTY = new Uint8Array(0);

/**
 * A reader of one header.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ProxyHeaderReader } from "@x/cogen-wsgi/socket/proxy-protocol";
 *
 * const reader = new ProxyHeaderReader("auto");
 * const bytes = new TextEncoder().encode("PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\nGET /");
 * assertEquals(reader.read(bytes.subarray(0, 10)), undefined);
 * const header = reader.read(bytes.subarray(10));
 * assertEquals(header?.source, { family: "IPv4", host: "192.0.2.7", port: 5000 });
 * assertEquals(new TextDecoder().decode(reader.rest), "GET /");
 * ```
 */
export class ProxyHeaderReader {
  readonly #version: ProxyVersion;
  #held: Uint8Array = EMPTY;
  #rest: Uint8Array = EMPTY;

  /**
   * Makes a reader that has read nothing.
   *
   * @param version The versions that are taken.
   * @throws {TypeError} For any other version.
   */
  constructor(version: ProxyVersion) {
    if (!["v1", "v2", "auto"].includes(version)) {
      throw optionError("The version of ProxyHeaderReader", version, '"v1", "v2" or "auto"');
    }
    this.#version = version;
  }

  /** The number of bytes of an incomplete header that have come. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** The bytes that came after the header, once it is complete. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /**
   * Takes bytes, until the header is complete.
   *
   * @param bytes The next bytes of the connection. The reader keeps no reference to them, except in `rest`.
   * @returns The header; `undefined` if more bytes are needed.
   * @throws {ProxyHeaderError} If the bytes are no header, or one of another version.
   */
  read(bytes: Uint8Array): ProxyHeader | undefined {
    const all = this.#held.length === 0 ? bytes : joinBytes([this.#held, bytes]);
    const end = this.#endOf(all);
    if (end === undefined) {
      this.#held = new Uint8Array(all);
      return undefined;
    }
    this.#held = EMPTY;
    this.#rest = all.subarray(end);
    const head = all.subarray(0, end);
    return head[0] === SIGNATURE[0] ? parseBlock(head) : parseLine(head);
  }

  /** Finds the end of the header; `undefined` if it has not come. */
  #endOf(bytes: Uint8Array): number | undefined {
    const [first] = bytes;
    if (first === undefined) return undefined;
    const isV2 = this.#version === "v2" || this.#version === "auto" && first === SIGNATURE[0];
    const start = isV2 ? SIGNATURE : LINE_START;
    for (let at = 0; at < Math.min(start.length, bytes.length); at++) {
      if (bytes[at] === start[at]) continue;
      const expected = this.#version === "auto" ? "" : ` of version ${isV2 ? 2 : 1}`;
      throw new ProxyHeaderError(`The connection begins without a PROXY header${expected}`);
    }
    return isV2 ? endOfBlock(bytes) : endOfLine(bytes);
  }
}

function endOfLine(bytes: Uint8Array): number | undefined {
  const limit = Math.min(bytes.length, MAX_V1_BYTES);
  for (let at = 1; at < limit; at++) {
    if (bytes[at] === 0x0a && bytes[at - 1] === 0x0d) return at + 1;
  }
  if (bytes.length < MAX_V1_BYTES) return undefined;
  throw new ProxyHeaderError(`The PROXY line has more than ${MAX_V1_BYTES} bytes`);
}

function endOfBlock(bytes: Uint8Array): number | undefined {
  const [command, family] = bytes.subarray(SIGNATURE.length);
  if (command === undefined) return undefined;
  if (command !== 0x20 && command !== 0x21) {
    throw new ProxyHeaderError(`The PROXY header has the version and command ${hex(command)}`);
  }
  if (family === undefined || bytes.length < V2_FIXED_BYTES) return undefined;
  const length = (bytes[14] as number) << 8 | (bytes[15] as number);
  if (length > MAX_V2_BYTES) {
    throw new ProxyHeaderError(
      `The PROXY header announces ${length} bytes: at most ${MAX_V2_BYTES} are taken`,
    );
  }
  return bytes.length < V2_FIXED_BYTES + length ? undefined : V2_FIXED_BYTES + length;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
