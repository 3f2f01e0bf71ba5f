/**
 * WebSockets (RFC 6455), with compression (RFC 7692) and topics.
 *
 * - `accept.ts`: the handshake of a request, and the socket that follows
 * - `topic.ts`: one message for many sockets
 * - `codec/`: the protocol without I/O: bytes to messages, messages to bytes
 *
 * @module
 */

export { acceptWebSocket, type PingOptions, type WebSocketOptions } from "./accept.ts";
export {
  type DeflateOptions,
  type MessageCompression,
  permessageDeflate,
  type ZlibLike,
} from "./deflate.ts";
export type { Message } from "./message.ts";
export type { OriginOption, OriginTest } from "./origin.ts";
export { type SocketEnd, WebSocketClosed } from "./socket_end.ts";
export { type SlowSubscriberPolicy, Topic, type TopicOptions } from "./topic.ts";
export { WebSocketConnection } from "./web_socket.ts";

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
export type { DeflateParameters } from "./codec/extensions.ts";
export { closePayload, encodeFrame, type FrameOptions } from "./codec/frame_writer.ts";
export { type Inflate, InflateError } from "./codec/inflate.ts";
export {
  DEFAULT_MAX_MESSAGE_BYTES,
  MessageReader,
  type MessageReaderOptions,
} from "./codec/message_reader.ts";
