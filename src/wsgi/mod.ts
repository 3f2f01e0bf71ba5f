/**
 * The app contract: environ, start_response, and running apps (PEP 3333, with generators).
 *
 * Apps use the types. Middleware that steps the app behind it uses the functions `isBlock`, `isPromise`,
 * `iteratorOf`, `throwInto`, `adoptStep`, `endAfter` and `closeLate`; `passThrough` of `./middleware` is built of
 * them.
 *
 * @module
 */

export {
  type AppIterable,
  type AppReturn,
  type ArrayApp,
  type AsyncApp,
  checkApp,
  checkEnviron,
  type Closeable,
  type GeneratorApp,
  type Middleware,
  type StartResponse,
  type WSGIApp,
} from "./app.ts";
export { basicCredentials } from "./basic_credentials.ts";
export { type AppYield, type Block, type HeaderList, isBlock } from "./block.ts";
export type {
  BusJobOf,
  BusKind,
  BusOf,
  BusOperations,
  BusPosition,
  BusQueueOf,
  BusQueueOptions,
  BusTopicOf,
  RequestBus,
  ServedBus,
  TopicGap,
  TopicHistory,
  TopicItem,
  TopicMessage,
  TopicSubscribeOptions,
  TopicSubscriptionOf,
} from "./bus.ts";
export type { Cogen } from "./cogen.ts";
export type { Core } from "./core/core.ts";
export type { Events } from "./core/events.ts";
export type { PubSub } from "./core/pubsub.ts";
export type { Queues } from "./core/queues.ts";
export type { Sockets } from "./core/sockets.ts";
export type { Util } from "./core/util.ts";
export type { Environ, ErrorStream, ProxyFacts, ProxyProtocolFacts } from "./environ.ts";
export type * from "./environ_extensions.ts";
export type { ByteStream, FileBody, ReadableFile } from "./files/file_source.ts";
export {
  type FileSource,
  type FileWrapper,
  type FileWrapperOptions,
  WSGIFileWrapper,
} from "./files/file_wrapper.ts";
export type {
  BlobLike,
  FileHandleLike,
  RuntimeFile,
  SeekableFileLike,
} from "./files/runtime_file.ts";
export { type BodyReader, ServerReadable } from "./files/server_readable.ts";
export { HTTPException } from "./http_exception.ts";
export { ClientDisconnected } from "./input/body_buffer.ts";
export { BufferedInput } from "./input/buffered_input.ts";
export type { CogenInput, WSGIInput } from "./input/input.ts";
export { quotePath, unquotePath } from "./path_info.ts";
export { type Mounts, WSGIPathInfoDispatcher } from "./path_info_dispatcher.ts";
export type {
  AppOutcome,
  RequestControls,
  RequestTimeouts,
  TakenEvents,
} from "./request_controls.ts";
export type { AppWait, WaitListener } from "./app_wait.ts";
export type { ResponseListener, ResponseOutcome, ResponseReport } from "./response_report.ts";
export { closeLate } from "./running/app_closing.ts";
export {
  adoptStep,
  type AnyIterator,
  callClose,
  endAfter,
  endEarly,
  isPromise,
  iteratorOf,
  type Step,
  type Steps,
  throwInto,
} from "./running/app_steps.ts";
export { WSGIError } from "./running/response.ts";
export { OperationNotPerformed } from "./not_performed.ts";
export { NOT_YET, QuickOperation } from "./quick_operation.ts";
export { SharedTopic } from "./shared_topic.ts";
export type { BoundOperation, Waiter, Waiting } from "./waiting.ts";
