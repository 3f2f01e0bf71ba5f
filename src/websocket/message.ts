/**
 * Messages, and the frame of a message.
 *
 * The frame of a short text of ASCII is a string: no array is made for it. Other frames are bytes.
 *
 * @module
 */

import { encodeFrame } from "./codec/frame_writer.ts";
import type { MessageDeflate } from "./deflate.ts";
import type { Frame } from "./frame_output.ts";

/** A message: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** UTF-8 has at most three bytes for each character of a string (UTF-16 unit). */
const MAX_CHARACTER_BYTES = 3;
/** A text up to this length has a length of 7 bits, if it is ASCII. */
const MAX_SHORT_TEXT = 125;
// deno-lint-ignore no-control-regex -- all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;
/** For each length, the first two bytes of a final text frame, as characters. */
const SHORT_HEADS: readonly string[] = Array.from(
  { length: MAX_SHORT_TEXT + 1 },
  (_, length) => `\x81${String.fromCharCode(length)}`,
);
const encoder = new TextEncoder();

/** The frame of a message, compressed if that makes it smaller. */
export function frameOf(message: Message, deflate: MessageDeflate | undefined): Frame {
  const isText = typeof message === "string";
  const type = isText ? "text" : "binary";
  if (deflate === undefined || message.length * MAX_CHARACTER_BYTES < deflate.minBytes) {
    if (isText && message.length <= MAX_SHORT_TEXT && ASCII.test(message)) {
      return SHORT_HEADS[message.length] + message;
    }
    return encodeFrame(type, message);
  }
  const bytes = isText ? encoder.encode(message) : message;
  const payload = deflate.deflate(bytes);
  return payload === undefined
    ? encodeFrame(type, bytes)
    : encodeFrame(type, payload, { isFinal: true, isCompressed: true, mask: undefined });
}
