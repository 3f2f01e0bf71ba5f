/**
 * A case of the conformance suite, and the words in which the cases are written.
 *
 * A case is data: the bytes that a client sends, in the pieces in which it sends them, and the answer. The frames
 * are built by `codec/frames.ts` of the tests, which shares no code with the codec of the server.
 */

import { joinBytes } from "../../../src/socket/mod.ts";
import { OPCODE_NUMBERS, type RawFrame, rawFrame } from "../codec/frames.ts";
import { handshake } from "../raw_client.ts";

/** A message: text, or bytes. */
export type Message = string | Uint8Array;

/** The app that a case talks to, an echo. */
export type Endpoint =
  /** As `/ws/echo` of `npm start`: at most 32 MiB, the subprotocols `echo.v1` and `chat`, compression. */
  | "echo"
  /** With compression that keeps its context. */
  | "context"
  /** Without compression. */
  | "plain"
  /** With messages of at most 1,000 bytes, and compression. */
  | "small";

/** The Close frame of the server: its code, `empty` for one without a code, `none` for a FIN alone. */
export type Closing = number | "empty" | "none";

/** One connection. */
export interface ConformanceCase {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The text of the request. */
  readonly request: string;
  /** The status of the answer. After 101, the frames follow; any other answer ends the case. */
  readonly status: number;
  /** Fields of the answer; `undefined` for one that the answer must not have. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** The bytes after the handshake, in the pieces in which they are sent. */
  readonly pieces: readonly Uint8Array[];
  /** What the client does after the last piece: it waits for the FIN of the server, or sends its own. */
  readonly leaves: boolean;
  /** Whether the case is about the codec, which is the same code on each runtime. */
  readonly isSameEverywhere: boolean;
  /** Whether the client begins to read only when the server takes no more bytes. */
  readonly isSlow: boolean;
  /** The messages of the server, after decompression, in their order. */
  readonly messages: readonly Message[];
  /** The payloads of the Pongs of the server, in their order. */
  readonly pongs: readonly Message[];
  readonly close: Closing;
}

/** The parts of a case that differ from a plain echo. */
export interface CaseParts extends Partial<Omit<ConformanceCase, "name" | "pieces">> {
  /** The fields of the request that differ from a valid handshake. */
  readonly offers?: Readonly<Record<string, string | undefined>>;
}

/** The masks in use. */
const KEYS = [[0x37, 0xfa, 0x21, 0x3d], [0, 0, 0, 0], [255, 255, 255, 255], [1, 0, 128, 7]];

/** A Close frame with 1000, which ends most cases. */
export const CLOSE: Uint8Array = frame("close", Uint8Array.of(3, 232));

/**
 * Makes a case. If it expects no other end, the client closes with 1000 after its last piece, and the server
 * answers with the same code.
 */
export function conformanceCase(
  name: string,
  pieces: readonly Uint8Array[],
  parts: CaseParts = {},
): ConformanceCase {
  const { offers = {}, endpoint = "echo", close, leaves = false, status = 101, ...rest } = parts;
  const isEnded = close !== undefined || leaves || status !== 101;
  return {
    name,
    endpoint,
    request: handshake("/", offers),
    status,
    fields: {},
    pieces: isEnded ? pieces : [...pieces, CLOSE],
    leaves,
    isSlow: false,
    isSameEverywhere: false,
    messages: [],
    pongs: [],
    close: close ?? (leaves ? "none" : 1000),
    ...rest,
  };
}

/** The bytes of a masked frame. The key depends on the payload, so that the cases have different ones. */
export function frame(
  kind: keyof typeof OPCODE_NUMBERS | number,
  payload: Message = "",
  parts: Partial<RawFrame> = {},
): Uint8Array {
  const bytes = bytesOf(payload);
  return rawFrame({
    opcode: typeof kind === "number" ? kind : OPCODE_NUMBERS[kind] as number,
    payload: bytes,
    mask: Uint8Array.from(KEYS[bytes.length % KEYS.length] as number[]),
    ...parts,
  });
}

/** The frames of a message in fragments. */
export function fragments(kind: "text" | "binary", payloads: readonly Message[]): Uint8Array[] {
  return payloads.map((payload, index) =>
    frame(index === 0 ? kind : "continuation", payload, { isFinal: index === payloads.length - 1 })
  );
}

/** A Close frame with a code and a reason. */
export function closing(code: number, reason: Message = ""): Uint8Array {
  return frame("close", joinBytes([Uint8Array.of(code >> 8, code & 255), bytesOf(reason)]));
}

export function bytesOf(message: Message): Uint8Array {
  return typeof message === "string" ? new TextEncoder().encode(message) : message;
}

/** Bytes, written in hexadecimal digits. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/g) ?? [], (pair) => parseInt(pair, 16));
}

/** All pieces as one. */
export function together(pieces: readonly Uint8Array[]): Uint8Array[] {
  return [joinBytes(pieces)];
}

/** The same bytes in pieces of a size. */
export function inPieces(pieces: readonly Uint8Array[], size: number): Uint8Array[] {
  const bytes = joinBytes(pieces);
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

/** Bytes with every value, which do not compress well. */
export function mixed(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 13);
}
