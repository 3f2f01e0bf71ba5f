/**
 * The app contract: environ, start_response and the iteration of apps (PEP 3333, with generators).
 *
 * @module
 */

export type { AppIterable, Block, HeaderList, StartResponse, WSGIApp } from "./app.ts";
export { accessLog, type AccessLogEntry } from "./access_log.ts";
export { basicCredentials } from "./basic_credentials.ts";
export { ClientDisconnected } from "./body_buffer.ts";
export { BufferedInput } from "./buffered_input.ts";
export { Cogen } from "./cogen.ts";
export type { Conversation, TakenSocket, TakenSocketHandler } from "./conversation.ts";
export type { Environ, ErrorStream } from "./environ.ts";
export { errorPage, type ErrorResponse } from "./error_page.ts";
export { Events } from "./events.ts";
export type { ByteStream, FileSource } from "./file_source.ts";
export { type FileWrapper, type FileWrapperOptions, WSGIFileWrapper } from "./file_wrapper.ts";
export type { Files, OpenFile } from "./files.ts";
export { gzip, type GzipOptions } from "./gzip.ts";
export { CogenInput, type Waiting, WSGIInput } from "./input.ts";
export { lazyStartResponse } from "./lazy_start_response.ts";
export { type Mounts, WSGIPathInfoDispatcher } from "./path_info_dispatcher.ts";
export { unquotePath } from "./path_info.ts";
export { passThrough, type Stage } from "./passing.ts";
export { staticFiles, type StaticFilesOptions } from "./static_files.ts";
export type { RequestTimeouts } from "./request_timeouts.ts";
export { type SyncApp, type SyncEnviron, syncInput } from "./sync_input.ts";
export { WSGIValidationError } from "./validation_error.ts";
export { validator } from "./validator.ts";
export { WSGIError } from "./response.ts";
