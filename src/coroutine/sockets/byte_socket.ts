/**
 * The interface of a socket that pushes bytes to a handler.
 *
 * Coroutines need no other member of a connection. Every adapter keeps the promises that are written
 * here, and `src/socket` adds those of a server's connection.
 *
 * @module
 */

/** The address of one end of a connection. IPv6 hosts have no brackets. */
export type Address =
  | { readonly family: "IPv4" | "IPv6"; readonly host: string; readonly port: number }
  | { readonly family: "unix"; readonly path: string };

/** A connection that pushes the bytes that it reads. After `onClose` its methods have no effect. */
export interface ByteSocket {
  /** The peer's end. A byte stream without addresses leaves it out. */
  readonly remote?: Address;
  /** This end. A byte stream without addresses leaves it out. */
  readonly local?: Address;
  /**
   * Sends bytes in order, without the delay of Nagle's algorithm; a string stands for its latin-1
   * bytes (no character above U+00FF).
   *
   * While the connection is open, the socket drops no bytes, not even those of a write after
   * `false`. It may keep a reference to `bytes` until they are sent.
   *
   * A socket whose peer does not read returns `false` before 64 MB have been written.
   *
   * @returns `false` when the peer reads more slowly than the caller writes: wait for `onDrain`.
   *   Bytes written to a connection that has ended, or after `endWrite`, are dropped, and the
   *   result is `true`.
   */
  write(bytes: Uint8Array | string): boolean;
  /**
   * Half-closes: sends a FIN after all written bytes. Reading goes on. Once the peer has ended its
   * side, too, `onClose` follows, without an error. A second call has no effect.
   */
  endWrite(): void;
  /**
   * Closes both directions at once, also while a write is stalled. `onClose` follows, without an
   * error and as the only event. A second call has no effect.
   */
  destroy(): void;
  /**
   * Stops `onData` until `resumeReading`.
   *
   * The adapter may read ahead a bounded number of bytes: with the buffers of the kernel, fewer than
   * 24 MB. So it notices a peer that ends or vanishes meanwhile. Bytes that were read ahead of an end are then
   * delivered at once, followed by `onEnd`.
   */
  pauseReading(): void;
  /** Ends {@linkcode pauseReading}. */
  resumeReading(): void;
  /**
   * Tells that the peer is expected to send little at a time from now on, as on a WebSocket. A socket that holds
   * a buffer for its next read may then hold a small one. The socket reads as before if more bytes come.
   */
  expectLittle?(): void;
}

/**
 * The callbacks of one socket.
 *
 * No callback runs inside a call of the socket's own methods. If a callback throws, the adapter
 * logs the error and destroys the socket; the process goes on.
 */
export interface SocketHandler {
  /**
   * Bytes have arrived. The handler may use them until the call returns, and must copy the bytes
   * that it keeps, unless it owns the array.
   *
   * @param bytes The bytes, at least one.
   * @param owned Whether the array now belongs to the handler: no other code reads or changes it, nor
   *   any other part of its buffer. Default: `false`.
   */
  onData(bytes: Uint8Array, owned?: boolean): void;
  /**
   * The number of bytes that the handler takes next, if it wants to own their array. A socket may ask during a long
   * transfer, and make the array of its next read that long, or shorter, so that no code copies the bytes. Default:
   * 0, for a handler that copies the bytes anyway.
   */
  readonly wantedBytes?: number;
  /**
   * The peer has sent its FIN, and no `onData` follows. The peer may still be reading, so writing
   * goes on. Called at most once, also while a write is stalled.
   */
  onEnd(): void;
  /**
   * The socket has room again. This is called only after a `write` that returned `false`, and after each of them
   * unless the connection ends.
   */
  onDrain(): void;
  /**
   * The connection is closed. This is the last callback and is called exactly once, with an error
   * if the peer or the network broke the connection.
   *
   * @param error The error; `undefined` for a connection that has ended as it should.
   */
  onClose(error?: Error): void;
}
