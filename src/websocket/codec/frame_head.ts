/**
 * The head of a frame: its first two bytes and its length, checked (RFC 6455 §5.2, §5.4 and §5.5).
 *
 *      0                   1                   2                   3
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 *     |I|S|S|S|  (4)  |A|     (7)     |           (16 or 64)          |
 *     |N|V|V|V|       |S|             |                               |
 *     | |1|2|3|       |K|             |                               |
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |         Masking key (32), if MASK is set, then the payload    |
 *     +---------------------------------------------------------------+
 *
 * The reader calls these functions. Each gets the position of the frame, for the errors: the number of bytes
 * that were pushed before it.
 *
 * @module
 */

import { PROTOCOL_ERROR } from "./close_codes.ts";
import { FrameError } from "./errors.ts";
import { OPCODES } from "./events.ts";

/** In the first byte: the last frame of its message. */
export const FIN = 0x80;
/** In the first byte: the message is compressed. */
export const RSV1 = 0x40;
const OTHER_RSV = 0x30;
/** The bits of the opcode in the first byte. */
export const OPCODE = 0x0f;
/** The first byte of a text that is one frame, without compression. */
export const FINAL_TEXT = 0x81;
/** In the second byte: the payload is masked. */
export const MASK = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** The largest payload of a control frame (RFC 6455 §5.5). */
const MAX_CONTROL_BYTES = 125;

/** The frames that may come next. */
export interface ExpectedFrames {
  /** Whether the frames are those of a client, and masked. */
  readonly isMasked: boolean;
  /** Whether messages may be compressed. */
  readonly mayBeCompressed: boolean;
  /** Whether a message has begun, and its next fragment may come. */
  readonly isInMessage: boolean;
}

/** Whether an opcode is that of a control frame. */
export function isControl(opcode: number): boolean {
  return opcode >= OPCODES.close;
}

/**
 * Checks the first two bytes of a frame.
 *
 * @throws {FrameError} For a frame that may not come.
 */
export function checkStart(
  first: number,
  second: number,
  expected: ExpectedFrames,
  position: number,
): void {
  const opcode = first & OPCODE;
  const isContinuation = opcode === OPCODES.continuation;
  const refuse = (message: string, at = 0): never => refuseFrame(message, position + at);
  if (opcode > OPCODES.binary && opcode < OPCODES.close || opcode > OPCODES.pong) {
    refuse(`Reserved opcode ${opcode}`);
  }
  if ((first & OTHER_RSV) !== 0) refuse("Reserved bit RSV2 or RSV3 is set");
  if ((first & RSV1) !== 0) {
    if (!expected.mayBeCompressed) refuse("Reserved bit RSV1 is set without an extension");
    if (isControl(opcode)) refuse("Compressed control frame");
    if (isContinuation) refuse("RSV1 is set in a continuation frame");
  }
  if (isControl(opcode)) {
    if ((first & FIN) === 0) refuse("Fragmented control frame");
    if ((second & LENGTH) > MAX_CONTROL_BYTES) {
      refuse(`Control frame with more than ${MAX_CONTROL_BYTES} bytes`, 1);
    }
  } else if (isContinuation && !expected.isInMessage) {
    refuse("Continuation frame without a message");
  } else if (!isContinuation && expected.isInMessage) {
    refuse("New message inside a fragmented message");
  }
  const isMasked = (second & MASK) !== 0;
  if (!isMasked && expected.isMasked) refuse("Frame of a client without a mask", 1);
  if (isMasked && !expected.isMasked) refuse("Frame of a server with a mask", 1);
}

/** The number of bytes of the extended length, by the second byte of a frame. */
export function extendedBytes(second: number): 0 | 2 | 8 {
  const short = second & LENGTH;
  return short === LENGTH_64 ? 8 : short === LENGTH_16 ? 2 : 0;
}

/**
 * Reads the length of the payload, which must have the shortest form.
 *
 * @param input The bytes that have come, with the whole length.
 * @param start The index of the first byte of the frame.
 * @param position The position of that byte.
 * @throws {FrameError} For a length in a longer form.
 */
export function payloadLength(input: Uint8Array, start: number, position: number): number {
  const second = input[start + 1] as number;
  const count = extendedBytes(second);
  if (count === 0) return second & LENGTH;
  const refuse = (message: string): never => refuseFrame(message, position + 2);
  const view = new DataView(input.buffer, input.byteOffset + start + 2, count);
  if (count === 2) {
    const length = view.getUint16(0);
    if (length < LENGTH_16) refuse(`Length ${length} in 16 bits: expected 7 bits`);
    return length;
  }
  const high = view.getUint32(0);
  if (high >= 2 ** 31) refuse("The first bit of a 64-bit length is set");
  const length = high * 2 ** 32 + view.getUint32(4);
  if (length < 2 ** 16) refuse(`Length ${length} in 64 bits: expected fewer`);
  return length;
}

function refuseFrame(message: string, position: number): never {
  throw new FrameError(PROTOCOL_ERROR, message, position);
}
