/**
 * The kinds of greedy clients: each sends its unit of bytes again and again, as fast as the server takes them, and
 * reads all answers.
 *
 * The part `greedy` and its slice for `npm test` send them to `traffic_app.ts`.
 *
 * @module
 */

import { deflateRawSync } from "node:zlib";
import { joinBytes } from "../../../src/socket/mod.ts";
import { handshakeFields } from "../../../src/testing/web_socket.ts";
import { encodeFrame } from "../../../src/websocket/mod.ts";

/** A kind of greedy client. */
export interface GreedyKind {
  /** The bytes at the beginning of a connection. */
  readonly head: string;
  /** The bytes that follow without an end; `undefined` if the client leaves after the head, and comes back. */
  readonly unit: Uint8Array | undefined;
}

const MASK = Uint8Array.of(1, 2, 3, 4);
/** The fragments of one message. */
const FRAGMENTS = 1000;
/** The size of a compressed message after its decompression. The default limit of a message is 1 MiB. */
const INFLATED_BYTES = 1_000_000;
/** The bytes that `Z_SYNC_FLUSH` adds, and that a message leaves out (RFC 7692 §7.2.1). */
const FLUSH_BYTES = 4;
const Z_SYNC_FLUSH = 2;

function head(method: string, path: string, ...fields: string[]): string {
  return [`${method} ${path} HTTP/1.1`, "Host: test", ...fields, "", ""].join("\r\n");
}

function handshake(path: string, ...fields: string[]): string {
  const own = handshakeFields({}).map(([name, value]) => `${name}: ${value}`);
  return head("GET", path, ...own, ...fields);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A message of very many fragments, one byte each. */
function fragments(): Uint8Array {
  return joinBytes(Array.from({ length: FRAGMENTS }, (_, index) => {
    const isFinal = index === FRAGMENTS - 1;
    const type = index === 0 ? "binary" : "continuation";
    return encodeFrame(type, Uint8Array.of(index), { mask: MASK, isFinal });
  }));
}

/** A short message that is long once it is decompressed. */
function compressedMessage(): Uint8Array {
  const whole = deflateRawSync(new Uint8Array(INFLATED_BYTES), { finishFlush: Z_SYNC_FLUSH });
  const payload = new Uint8Array(whole.subarray(0, whole.length - FLUSH_BYTES));
  return encodeFrame("binary", payload, { mask: MASK, isCompressed: true });
}

/** The kind whose bytes cost a server most: it must read all that the system has taken, unless they are reset. */
export const COMPRESSED = "compressed messages";
const CHUNKED = head("POST", "/discard", "Transfer-Encoding: chunked");
const DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate";

/** The kinds, by name. */
export const GREEDY_KINDS: Readonly<Record<string, GreedyKind>> = {
  "a pipeline": { head: "", unit: bytesOf(head("GET", "/hello")) },
  "a pipeline of long heads": {
    head: "",
    unit: bytesOf(head("GET", "/hello", ...Array(90).fill("Accept: text/plain, text/html;q=0.5"))),
  },
  "a pipeline of small bodies": {
    head: "",
    unit: bytesOf(`${head("POST", "/echo", "Transfer-Encoding: chunked")}1\r\nx\r\n0\r\n\r\n`),
  },
  "chunks of one byte": { head: CHUNKED, unit: bytesOf("1\r\nx\r\n") },
  "Pings": { head: handshake("/socket"), unit: encodeFrame("ping", "", { mask: MASK }) },
  "messages of one byte": {
    head: handshake("/socket"),
    unit: encodeFrame("binary", Uint8Array.of(1), { mask: MASK }),
  },
  "fragments of one byte": { head: handshake("/socket"), unit: fragments() },
  [COMPRESSED]: { head: handshake("/sink", DEFLATE), unit: compressedMessage() },
  "connections": { head: head("GET", "/hello"), unit: undefined },
};
