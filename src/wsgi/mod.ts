/**
 * The app contract: environ, start_response and the iteration of apps (PEP 3333, with generators).
 *
 * @module
 */

export type { AppIterable, Block, HeaderList, StartResponse, WSGIApp } from "./app.ts";
export { basicCredentials } from "./basic_credentials.ts";
export { ClientDisconnected } from "./input/body_buffer.ts";
export { BufferedInput } from "./input/buffered_input.ts";
export { Cogen } from "./cogen.ts";
export type { RequestControls } from "./request_controls.ts";
export type { Environ, ErrorStream } from "./environ.ts";
export { Events } from "./cogen_events.ts";
export type { ByteStream, FileSource } from "./files/file_source.ts";
export {
  type FileWrapper,
  type FileWrapperOptions,
  WSGIFileWrapper,
} from "./files/file_wrapper.ts";
export { CogenInput, type Waiting, WSGIInput } from "./input/input.ts";
export { type Mounts, WSGIPathInfoDispatcher } from "./path_info_dispatcher.ts";
export { unquotePath } from "./path_info.ts";
export type { RequestTimeouts } from "./request_timeouts.ts";
export { WSGIError } from "./running/response.ts";
export {
  adoptStep,
  type AnyIterator,
  isBlock,
  isPromise,
  iteratorOf,
  type Step,
  type Steps,
  throwInto,
} from "./running/app_steps.ts";
export { type BodyReader, ServerReadable } from "./files/server_readable.ts";
