/**
 * The events of a reader, and the opcodes of frames (RFC 6455 §5.2).
 *
 * @module
 */

/** The kind of a frame. */
export type FrameType = "continuation" | "text" | "binary" | "close" | "ping" | "pong";

/** The opcodes of the frames. Those from 8 on are control frames. */
export const OPCODES: Readonly<Record<FrameType, number>> = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
};

/** A whole message, or a control frame, or neither. Its `type` tells the kinds apart. */
export type WebSocketEvent =
  | TextEvent
  | BinaryEvent
  | CloseEvent
  | ControlEvent
  | NeedFrames;

/** A whole text message. */
export interface TextEvent {
  /** The kind of the event. */
  readonly type: "text";
  /** The text. A byte order mark at its beginning is a part of it. */
  readonly data: string;
}

/** A whole binary message. */
export interface BinaryEvent {
  /** The kind of the event. */
  readonly type: "binary";
  /** The bytes. The array belongs to the receiver. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A Ping or a Pong. It may come between the fragments of a message. */
export interface ControlEvent {
  /** The kind of the event. */
  readonly type: "ping" | "pong";
  /** At most 125 bytes. The array belongs to the receiver. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A Close frame. No event but `need-data` follows: the reader drops all later bytes. */
export interface CloseEvent {
  /** The kind of the event. */
  readonly type: "close";
  /** The code of the frame; 1005 if the frame had none (RFC 6455 §7.1.5). */
  readonly code: number;
  /** The reason; empty if the frame had none. */
  readonly reason: string;
}

/** The reader has no further event before the next call of `push`. A frozen singleton. */
export interface NeedFrames {
  /** The kind of the event. */
  readonly type: "need-data";
}

/** The only {@linkcode NeedFrames}. */
export const NEED_DATA: NeedFrames = Object.freeze({ type: "need-data" });
