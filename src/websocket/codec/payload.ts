/**
 * Whole payloads to events: decompression, and the decoding of text, which must be UTF-8 (RFC 6455 §8.1).
 *
 * The reader calls these functions. Each gets the position of the end of the payload, for the errors.
 *
 * @module
 */

import { INVALID_DATA, isCloseCode, NO_STATUS, PROTOCOL_ERROR, TOO_BIG } from "./close_codes.ts";
import { FrameError } from "./errors.ts";
import { OPCODES, type WebSocketEvent } from "./events.ts";
import { type Inflate, InflateError } from "./inflate.ts";
import { UTF8Check } from "./utf8.ts";

/** A byte order mark is a part of the message, so the decoder must not remove it. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Makes the event of a message.
 *
 * @param data The payload, decompressed. The array belongs to the event.
 * @param opcode That of a text or a binary message.
 * @param position The position of the end of the payload; of a compressed one, errors have no place inside.
 * @throws {FrameError} If a text is not UTF-8: at the byte at which a reader of pieces fails.
 */
export function messageEvent(
  data: Uint8Array<ArrayBuffer>,
  opcode: number,
  isCompressed: boolean,
  position: number,
): WebSocketEvent {
  if (opcode === OPCODES.binary) return { type: "binary", data };
  try {
    return { type: "text", data: decoder.decode(data) };
  } catch {
    const wrong = isCompressed ? -1 : new UTF8Check().push(data, 0, data.length);
    const distance = wrong < 0 ? 0 : wrong - data.length;
    throw new FrameError(INVALID_DATA, "Text message is not UTF-8", position + distance);
  }
}

/**
 * Decompresses a payload.
 *
 * @throws {FrameError} If the payload is broken, or the message is too large.
 */
export function inflated(
  payload: Uint8Array,
  inflate: Inflate,
  maxMessageBytes: number,
  position: number,
): Uint8Array<ArrayBuffer> {
  try {
    return inflate(payload, maxMessageBytes);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    if (error.isTooBig) throw tooBig(maxMessageBytes, position);
    throw new FrameError(INVALID_DATA, "Compressed message cannot be decompressed", position);
  }
}

/** The error of a message that is too large. */
export function tooBig(maxMessageBytes: number, position: number): FrameError {
  return new FrameError(TOO_BIG, `Message larger than ${maxMessageBytes} bytes`, position);
}

/**
 * Makes the event of a control frame (RFC 6455 §5.5).
 *
 * @throws {FrameError} For a Close frame whose code may not be sent, or whose reason is not UTF-8.
 */
export function controlEvent(
  data: Uint8Array<ArrayBuffer>,
  opcode: number,
  position: number,
): WebSocketEvent {
  if (opcode === OPCODES.ping) return { type: "ping", data };
  if (opcode === OPCODES.pong) return { type: "pong", data };
  if (data.length === 0) return { type: "close", code: NO_STATUS, reason: "" };
  if (data.length === 1) {
    throw new FrameError(PROTOCOL_ERROR, "Close frame with one byte", position);
  }
  const code = (data[0] as number) << 8 | (data[1] as number);
  if (!isCloseCode(code)) {
    throw new FrameError(PROTOCOL_ERROR, `Close frame with the code ${code}`, position);
  }
  try {
    return { type: "close", code, reason: decoder.decode(data.subarray(2)) };
  } catch {
    throw new FrameError(INVALID_DATA, "Reason of a Close frame is not UTF-8", position);
  }
}
