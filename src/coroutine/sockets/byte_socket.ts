/**
 * The shape of a socket that pushes bytes to a handler.
 *
 * Coroutines need no more of a connection than this. `src/socket` adds addresses to it, and every
 * adapter keeps the promises that are written here.
 *
 * @module
 */

/** A connection that pushes the bytes that it reads. After `onClose` its methods do nothing. */
export interface ByteSocket {
  /**
   * Sends bytes in order, without the delay of Nagle's algorithm; a string stands for its latin-1
   * bytes (no character above U+00FF).
   *
   * The socket never drops bytes of an open connection, also those of a write after `false`, and
   * may keep a reference to `bytes` until they are sent.
   *
   * @returns `false` when the peer reads more slowly than the caller writes: wait for `onDrain`.
   *   Bytes written to a connection that has ended, or after `endWrite`, are dropped, and the
   *   result is `true`.
   */
  write(bytes: Uint8Array | string): boolean;
  /**
   * Half-closes: sends a FIN after all written bytes. Reading goes on. Once the peer has ended its
   * side too, `onClose` follows, without an error. A second call does nothing.
   */
  endWrite(): void;
  /**
   * Closes both directions at once, also while a write is stalled; `onClose` follows, without an
   * error and as the only event. A second call does nothing.
   */
  destroy(): void;
  /**
   * Stops `onData` until `resumeReading`.
   *
   * The adapter may read ahead a bounded number of bytes, so that it notices a peer that ends or
   * vanishes meanwhile. Bytes that were read ahead of an end are then delivered at once, followed
   * by `onEnd`.
   */
  pauseReading(): void;
  /** Ends {@linkcode pauseReading}. */
  resumeReading(): void;
}

/**
 * The callbacks of one socket.
 *
 * No callback runs inside a call of the socket's own methods. A callback that throws costs its
 * connection, never the process: the adapter logs the error and destroys the socket.
 */
export interface SocketHandler {
  /**
   * Bytes have arrived. The handler may use them until the call returns, and must copy the bytes
   * that it keeps.
   */
  onData(bytes: Uint8Array): void;
  /**
   * The peer has sent its FIN: no more `onData`. The peer may still be reading, so writing goes on.
   * Called at most once, also while a write is stalled.
   */
  onEnd(): void;
  /** The socket has room again, after a `write` that returned `false`. Not called before that. */
  onDrain(): void;
  /**
   * The connection is closed. Called exactly once, and last; with an error if the peer or the
   * network broke the connection.
   */
  onClose(error?: Error): void;
}
