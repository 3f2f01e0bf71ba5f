/**
 * The writer of frames, without I/O: messages and control frames in, bytes out (RFC 6455 §5).
 *
 * Strategy: a message is one frame, in one array of exactly its size, header and payload together. One
 * write of one array is cheaper than two writes, and the array can be shared by all receivers of a topic.
 *
 * The connection calls this, and so does the client of `./testing`, which masks its frames.
 *
 * @module
 */

import { isCloseCode, NO_STATUS } from "./close_codes.ts";
import { type FrameType, OPCODES } from "./events.ts";
import { applyMask, maskKey } from "./mask.ts";

/** The options of a frame. */
export interface FrameOptions {
  /** Whether this is the last frame of its message. Default `true`. */
  readonly isFinal?: boolean;
  /** Whether the payload is compressed: the bit RSV1 (RFC 7692 §6). Default `false`. */
  readonly isCompressed?: boolean;
  /** The four bytes of the key, for a frame of a client. Default: the frame is not masked. */
  readonly mask?: Uint8Array | undefined;
}

const FIN = 0x80;
const RSV1 = 0x40;
const MASK = 0x80;
/** The longest reason of a Close frame in bytes: a control frame has 125, and the code takes two. */
const MAX_REASON_BYTES = 123;
/** The options of a call without any. They inherit nothing that an app has added to all objects. */
const NO_OPTIONS: FrameOptions = Object.freeze(Object.create(null) as FrameOptions);
const encoder = new TextEncoder();

function argumentError(type: unknown, payload: unknown): TypeError {
  const types = Object.keys(OPCODES).join(", ");
  return typeof type === "string" && Object.hasOwn(OPCODES, type)
    ? new TypeError(
      `The payload of encodeFrame is ${typeof payload}: expected a string or a Uint8Array`,
    )
    : new TypeError(`The type of encodeFrame is ${String(type)}: expected one of ${types}`);
}

/** Whether an app has added an option of a frame to all objects. The usual frame has no copy of its options. */
function areForeign(): boolean {
  return "mask" in Object.prototype || "isFinal" in Object.prototype ||
    "isCompressed" in Object.prototype;
}

function ownOf(options: FrameOptions): FrameOptions {
  return Object.assign(Object.create(null) as FrameOptions, options);
}

/**
 * Makes a frame.
 *
 * @param type The kind of the frame.
 * @param payload The payload; a string is UTF-8, and a lone surrogate in it becomes U+FFFD.
 * @param options The bits of the header, and the mask.
 * @returns The bytes of the frame. They share no memory with the payload.
 * @throws {TypeError} For a kind that does not exist, and a payload that is neither a string nor bytes.
 * @throws {RangeError} For a control frame with more than 125 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeFrame } from "@x/cogen-wsgi/websocket";
 *
 * assertEquals(encodeFrame("text", "hi"), new Uint8Array([0x81, 0x02, 0x68, 0x69]));
 * ```
 */
export function encodeFrame(
  type: FrameType,
  payload: Uint8Array | string,
  options: FrameOptions = NO_OPTIONS,
): Uint8Array<ArrayBuffer> {
  const { isFinal = true, isCompressed = false, mask } = areForeign() ? ownOf(options) : options;
  const opcode = OPCODES[type];
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  // A method of all objects, such as `toString`, is no opcode.
  const isOpcode = typeof opcode === "number";
  if (!isOpcode || !(bytes instanceof Uint8Array)) throw argumentError(type, payload);
  const { length } = bytes;
  if (opcode >= OPCODES.close && length > 125) {
    throw new RangeError(`A ${type} frame has ${length} bytes: expected at most 125`);
  }
  const lengthBytes = length < 126 ? 0 : length < 2 ** 16 ? 2 : 8;
  const start = 2 + lengthBytes + (mask === undefined ? 0 : 4);
  const frame = new Uint8Array(start + length);
  frame[0] = (isFinal ? FIN : 0) | (isCompressed ? RSV1 : 0) | opcode;
  frame[1] = (mask === undefined ? 0 : MASK) |
    (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  let rest = length;
  for (let at = 1 + lengthBytes; at > 1; at--) {
    frame[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  frame.set(bytes, start);
  if (mask !== undefined) {
    frame.set(mask, start - 4);
    applyMask(frame, start, frame.length, maskKey(mask, 0), 0);
  }
  return frame;
}

/**
 * Makes the payload of a Close frame (RFC 6455 §5.5.1).
 *
 * @param code The code; 1005 stands for a frame without a code.
 * @param reason The reason.
 * @returns The payload.
 * @throws {RangeError} For a code that may not stand in a frame, or a reason of more than 123 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { closePayload } from "@x/cogen-wsgi/websocket";
 *
 * assertEquals(closePayload(1000, "a"), new Uint8Array([0x03, 0xe8, 0x61]));
 * ```
 */
export function closePayload(code: number, reason: string = ""): Uint8Array<ArrayBuffer> {
  if (code === NO_STATUS && reason === "") return new Uint8Array(0);
  if (!Number.isInteger(code) || !isCloseCode(code)) throw codeError(code);
  const text = encoder.encode(reason);
  if (text.length > MAX_REASON_BYTES) {
    throw new RangeError(
      `The reason to close has ${text.length} bytes: expected at most ${MAX_REASON_BYTES}`,
    );
  }
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code & 255;
  payload.set(text, 2);
  return payload;
}

/** The error of a code that may not be sent. */
export function codeError(code: number): RangeError {
  return new RangeError(
    `Cannot close with the code ${code}: expected 1000 to 1003, 1007 to 1014, or 3000 to 4999`,
  );
}
