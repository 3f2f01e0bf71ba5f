/**
 * The server and its options: the only layer where sockets, HTTP, coroutines and apps meet.
 *
 * @module
 */

export type { ActiveRequest, ServedListener, ServedResponse } from "./counts/active_requests.ts";
export { type BindAddress, parseBindAddress } from "./listening/bind_address.ts";
export { type ConnectionServer, WSGIConnection } from "./wsgi_connection.ts";
export { DEFAULT_SERVER_LIMITS, type Limits } from "./server_limits.ts";
export { jsonEntry, type LogEntry, type LogFormat } from "./log/error_log.ts";
export type { ServingOptions } from "./options.ts";
export type { AsyncDisposeKey, HostAsyncDisposable } from "../coroutine/mod.ts";
export { type ServerOptions, type ShutdownOptions, WSGIServer } from "./server.ts";
export type { ConnectionStateName } from "./connection_state.ts";
export {
  type ProvidedStats,
  provideStats,
  type ResponseKind,
  type ServerStats,
  type ThreadStats,
} from "./counts/server_stats.ts";
export type { ProxyProtocolOptions } from "./listening/proxy_option.ts";
export type { Refusal, RefusalKind } from "./counts/refusals.ts";
export { ServerShutdown } from "./shutdown.ts";
export { DEFAULT_TIMEOUTS, type Timeouts } from "./timeouts.ts";
export type { CertificateOptions, TLSOptions } from "./listening/tls_options.ts";
