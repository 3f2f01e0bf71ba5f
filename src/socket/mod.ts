/**
 * The seam between the engine and byte streams: the interface of a socket, and the parts that every
 * adapter is built of.
 *
 * An embedder that has a byte stream implements {@linkcode Socket} and calls a {@linkcode SocketHandler}
 * as {@linkcode Inbound} does.
 *
 * @module
 */

export { formatAddress, ipAddress, listenError } from "./address.ts";
export { BlockPool } from "./block_pool.ts";
export type { Files, OpenFile } from "./files.ts";
export {
  Inbound,
  type InboundHost,
  type OpenHandler,
  PROBE_INTERVAL,
  READ_AHEAD,
} from "./inbound.ts";
export { BLOCK_SIZE, type Latin1Writer, OutputQueue } from "./output_queue.ts";
export type {
  Adapter,
  Address,
  ByteSocket,
  DiallingAdapter,
  ListenAddress,
  Listener,
  ListenOptions,
  ListenTLSOptions,
  Socket,
  SocketHandler,
} from "./socket.ts";
