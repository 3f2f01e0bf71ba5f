/**
 * Where the layers meet: the socket seam, connections, the server and its options.
 *
 * @module
 */

export { type BindAddress, parseBindAddress } from "./bind_address.ts";
export type { WSGIConnection } from "./wsgi_connection.ts";
export { type Limits } from "./server_limits.ts";
export type { ServerOptions } from "./options.ts";
export { type ServerStats, type ShutdownOptions, WSGIServer } from "./server.ts";
export { ServerShutdown } from "./shutdown.ts";
export type { Timeouts } from "./timeouts.ts";
export type { TLSOptions } from "./tls_options.ts";
