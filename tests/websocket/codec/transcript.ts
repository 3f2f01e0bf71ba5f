/**
 * The events of a reader as text, so that two runs can be compared. The reader is driven as a connection
 * drives it.
 */

import {
  FrameError,
  InflateError,
  MessageReader,
  type MessageReaderOptions,
  type WebSocketEvent,
} from "../../../src/websocket/mod.ts";
import { escapeBytes, latin1Text } from "../../http/transcript.ts";

/** The options of a case of the corpus. */
export interface CaseOptions {
  readonly from?: "client" | "server";
  readonly maxMessageBytes?: number;
  /** Whether compressed messages are allowed. A compressed message is its own payload. */
  readonly compressed?: boolean;
}

/** A reader for a case. */
export function readerFor({ from = "client", compressed, ...rest }: CaseOptions): MessageReader {
  const options: MessageReaderOptions = {
    from,
    ...rest,
    inflate: compressed === true ? inflateNothing : undefined,
  };
  return new MessageReader(options);
}

/** The decompression of the corpus: the message is the payload. */
function inflateNothing(payload: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  if (payload.length > maxBytes) throw new InflateError(true);
  if (payload[0] === 0xee) throw new InflateError(false);
  return new Uint8Array(payload);
}

/**
 * The events of `pieces`, one a line. All pieces arrive in one buffer, which is overwritten after each piece,
 * as the buffer of a socket is.
 */
export function transcript(pieces: readonly Uint8Array[], options: CaseOptions = {}): string {
  const reader = readerFor(options);
  const lines: string[] = [];
  const buffer = new Uint8Array(Math.max(0, ...pieces.map((piece) => piece.length)));
  try {
    for (const piece of pieces) {
      buffer.set(piece);
      reader.push(buffer.subarray(0, piece.length));
      for (let event = reader.next(); event.type !== "need-data"; event = reader.next()) {
        lines.push(describe(event));
      }
      reader.detach();
      buffer.fill(0xee);
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    lines.push(`error ${error.code} at ${error.offset}: ${error.message}`);
  }
  return lines.join("\n");
}

/** One event as a line. */
export function describe(event: WebSocketEvent): string {
  switch (event.type) {
    case "need-data":
      return "need-data";
    case "close":
      return event.reason.length > 100
        ? `close ${event.code} ${event.reason.length} characters`
        : `close ${event.code} ${JSON.stringify(event.reason).replace("\u20ac", "\\u20ac")}`;
    case "text":
      return `text ${shown(new TextEncoder().encode(event.data))}`;
    default:
      return `${event.type} ${shown(event.data)}`;
  }
}

function shown(bytes: Uint8Array): string {
  const text = escapeBytes(latin1Text(bytes.subarray(0, 100)));
  if (bytes.length <= 100) return `"${text}"`;
  const isUniform = bytes.every((byte) => byte === bytes[0]);
  return `${bytes.length} bytes "${isUniform ? text[0] : text}"...`;
}
