/**
 * The shape of a socket that pushes bytes to a handler.
 *
 * Coroutines need no more of a connection than this. `src/socket` adds addresses to it, and every
 * adapter keeps the promises that are written here.
 *
 * @module
 */

/** A connection that pushes what it reads. After `onClose` its methods do nothing. */
export interface ByteSocket {
  /**
   * Sends bytes in order; a string stands for its latin-1 bytes (no character above U+00FF).
   *
   * The socket never drops what it accepts, and may keep a reference to `bytes` until they are sent.
   *
   * @returns `false` when the peer reads more slowly than we write: wait for `onDrain`. Bytes written
   *   to a connection that has ended are dropped, and the result is `true`.
   */
  write(bytes: Uint8Array | string): boolean;
  /**
   * Half-closes: FIN after everything written has been sent. Reading goes on; once the peer has ended
   * its side too, `onClose` follows. A second call does nothing.
   */
  endWrite(): void;
  /** Closes both directions at once; `onClose` follows. A second call does nothing. */
  destroy(): void;
  /**
   * Asks for no more `onData` until `resumeReading`.
   *
   * The adapter may read ahead a bounded amount, so that it notices a peer that ends or vanishes
   * meanwhile. Bytes that were read ahead of an end are then delivered at once, followed by `onEnd`.
   */
  pauseReading(): void;
  /** Ends {@linkcode pauseReading}. */
  resumeReading(): void;
}

/**
 * The callbacks of one socket.
 *
 * No callback runs inside a call of the socket's own methods. A callback that throws costs its
 * connection, never the process.
 */
export interface SocketHandler {
  /** Bytes have come. They are the handler's until the call returns; it copies those that it keeps. */
  onData(bytes: Uint8Array): void;
  /** The peer has sent its FIN: no more `onData`, but it may still be reading. Called at most once. */
  onEnd(): void;
  /** There is room again, after a `write` that returned `false`. */
  onDrain(): void;
  /** The connection is closed. Called exactly once, and last; with an error if the network broke it. */
  onClose(error?: Error): void;
}
