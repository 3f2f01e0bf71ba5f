/**
 * WebSockets (RFC 6455).
 *
 * - `codec/`: the protocol without I/O: bytes to messages, messages to bytes
 *
 * @module
 */

export { isCloseCode } from "./codec/close_codes.ts";
export { FrameError } from "./codec/errors.ts";
export type {
  BinaryEvent,
  CloseEvent,
  ControlEvent,
  FrameType,
  NeedFrames,
  TextEvent,
  WebSocketEvent,
} from "./codec/events.ts";
export { closePayload, encodeFrame, type FrameOptions } from "./codec/frame_writer.ts";
export {
  DEFAULT_MAX_MESSAGE_BYTES,
  type Inflate,
  InflateError,
  MessageReader,
  type MessageReaderOptions,
} from "./codec/message_reader.ts";
