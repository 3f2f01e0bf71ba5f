/**
 * A push socket as a stream that coroutines read and write.
 *
 * The stream is the handler of its socket. The bytes that arrive are buffered, and complete the
 * pending read as soon as there are enough. Reading pauses while the buffer is large and no read is
 * pending, so that the memory of a connection stays bounded. The stream knows only the interface of
 * a socket, no network.
 *
 * `Acceptor` and `Connect` make streams, and the operations in `socket_operations.ts` call them.
 *
 * @module
 */

import type { Abort, Resume } from "../operation.ts";
import { optionError } from "../option_checks.ts";
import type { Address, ByteSocket, SocketHandler } from "./byte_socket.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { Waiters } from "../kernel/waiters.ts";

/**
 * A connection ended before a read had its bytes, or before the socket took the bytes of a write.
 */
export class ConnectionClosed extends Error {
  /** `ConnectionClosed`. */
  override readonly name = "ConnectionClosed";
}

/**
 * Bounds the buffer of a connection that no coroutine reads: reading pauses at this many unread
 * bytes while no read is pending. The last piece may exceed the limit. By default `Recv` takes this
 * many bytes, so that one call empties a full buffer.
 */
export const MAX_UNREAD_BYTES: number = 64 * 1024;

/**
 * The state of the connection. A FIN of the peer leads from `open` to `ended`; `onClose` leads from
 * both to `closed`, for good.
 *
 * | state    | a read of more bytes than are buffered           | a write                      |
 * |----------|--------------------------------------------------|------------------------------|
 * | `open`   | waits                                            | waits while the socket is full |
 * | `ended`  | takes the rest; `RecvAll` fails                  | waits while the socket is full |
 * | `closed` | the same; after the rest, an error of the network | fails                        |
 */
type ConnectionState = "open" | "ended" | "closed";

/** The one read that waits for bytes. */
interface PendingRead {
  readonly resume: Resume<Uint8Array<ArrayBuffer>>;
  /** Takes the bytes out of the buffer; `undefined` while too few have arrived. */
  readonly attempt: () => Uint8Array<ArrayBuffer> | undefined;
}

/**
 * One connection, for `Recv`, `RecvAll`, `readline`, `readlines`, `Send` and `SendAll`.
 *
 * `Accept` and `Connect` give it. One coroutine may read at a time; any number may write.
 */
export interface SocketStream {
  /** The peer's end; `undefined` for a byte stream without addresses. */
  readonly remote: Address | undefined;
  /** This end; `undefined` for a byte stream without addresses. */
  readonly local: Address | undefined;
  /** Whether the connection is closed in both directions. */
  readonly closed: boolean;
  /** Half-closes: the peer reads the end of the stream after all bytes that were sent. */
  endWrite(): void;
  /** Closes both directions at once. */
  destroy(): void;
}

/**
 * Finds the connection behind a stream.
 *
 * @param stream The argument of an operation.
 * @returns The same object, with the members that operations need.
 * @throws {TypeError} If it is no stream.
 */
export function connectionOf(stream: SocketStream): StreamConnection {
  if (stream instanceof StreamConnection) return stream;
  throw optionError("The socket", stream, "a stream, as Accept and Connect give it");
}

/** The class behind {@linkcode SocketStream}, and the handler of its socket. */
export class StreamConnection implements SocketStream, SocketHandler {
  readonly #socket: ByteSocket;
  readonly #received = new ReceiveBuffer();
  /** The writes that wait for `onDrain`, in order of arrival. */
  readonly #writers = new Waiters<void>();
  #state: ConnectionState = "open";
  /** The error of the network that closed the connection, if there was one. */
  #error: Error | undefined;
  #pendingRead: PendingRead | undefined;
  /** True from `pauseReading` until `resumeReading`, in every state. */
  #readingPaused = false;
  /** True from a `write` of the socket that returned `false` until `onDrain`. */
  #socketFull = false;

  /**
   * @param socket A new connection. The new object is its handler.
   */
  constructor(socket: ByteSocket) {
    this.#socket = socket;
  }

  get remote(): Address | undefined {
    return this.#socket.remote;
  }

  get local(): Address | undefined {
    return this.#socket.local;
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  endWrite(): void {
    this.#socket.endWrite();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  onData(bytes: Uint8Array): void {
    this.#received.push(bytes);
    this.#pendingRead?.resume.active();
    this.#tryPendingRead();
    const mayBuffer = this.#received.size < MAX_UNREAD_BYTES || this.#pendingRead !== undefined;
    if (this.#readingPaused || mayBuffer) return;
    this.#readingPaused = true;
    this.#socket.pauseReading();
  }

  onEnd(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#tryPendingRead();
  }

  onDrain(): void {
    this.#socketFull = false;
    this.#writers.resumeAll(undefined);
  }

  onClose(error?: Error): void {
    this.#state = "closed";
    this.#error = error;
    this.#writers.failAll(() => this.#closedError());
    this.#tryPendingRead();
  }

  /**
   * Begins to read up to `count` bytes, or exactly `count`. At the end an inexact read takes the
   * rest, which may be no bytes at all.
   */
  read(resume: Resume<Uint8Array<ArrayBuffer>>, count: number, exact: boolean): Abort | void {
    return this.#read(resume, () => {
      const { size } = this.#received;
      if (size >= (exact ? count : 1)) return this.#received.take(count);
      if (this.#state === "open") return undefined;
      if (exact) throw this.#closedError();
      return this.#rest();
    });
  }

  /**
   * Begins to read a line with its line feed. The last line before the end may have none.
   */
  readLine(resume: Resume<Uint8Array<ArrayBuffer>>, maxBytes: number): Abort | void {
    return this.#read(resume, () => {
      const length = this.#received.lineLength();
      if (length > maxBytes || (length === 0 && this.#received.size > maxBytes)) {
        throw new RangeError(`Cannot read a line: it is longer than ${maxBytes} bytes`);
      }
      if (length > 0) return this.#received.take(length);
      return this.#state === "open" ? undefined : this.#rest();
    });
  }

  /**
   * Begins to write, after `onDrain` if the socket is full. With `untilDrained` the wait goes on
   * until the socket has room for more.
   */
  write(resume: Resume<void>, bytes: Uint8Array | string, untilDrained: boolean): Abort | void {
    if (this.#state === "closed") throw this.#closedError();
    if (this.#socketFull) return this.#writeLater(resume, bytes, untilDrained);
    this.#socketFull = !this.#socket.write(bytes);
    if (this.#socketFull && untilDrained) return this.#writers.add(resume, undefined);
    resume.value();
  }

  /**
   * Waits for `onDrain`, then begins the write again. The retry may have to wait once more, so that
   * its abort replaces the first one.
   */
  #writeLater(resume: Resume<void>, bytes: Uint8Array | string, untilDrained: boolean): Abort {
    let leave: Abort | void = undefined;
    const retry = () => {
      try {
        leave = this.write(resume, bytes, untilDrained);
      } catch (error) {
        resume.error(error);
      }
    };
    const drained: Resume<void> = {
      task: resume.task,
      scheduler: resume.scheduler,
      get settled() {
        return resume.settled;
      },
      value: retry,
      error: (error) => resume.error(error),
      setDeadline: (...deadline) => resume.setDeadline(...deadline),
      active: () => resume.active(),
    };
    leave = this.#writers.add(drained, undefined);
    return () => leave?.();
  }

  #read(
    resume: Resume<Uint8Array<ArrayBuffer>>,
    attempt: () => Uint8Array<ArrayBuffer> | undefined,
  ): Abort | void {
    if (this.#pendingRead !== undefined) {
      throw new TypeError("Cannot read: another coroutine is reading");
    }
    this.#pendingRead = { resume, attempt };
    this.#tryPendingRead();
    if (this.#pendingRead === undefined) return;
    this.#resumeReading();
    return () => this.#pendingRead = undefined;
  }

  #tryPendingRead(): void {
    const pending = this.#pendingRead;
    if (pending === undefined) return;
    try {
      const bytes = pending.attempt();
      if (bytes === undefined) return;
      this.#pendingRead = undefined;
      pending.resume.value(bytes);
    } catch (error) {
      this.#pendingRead = undefined;
      pending.resume.error(error);
    }
    if (this.#received.size < MAX_UNREAD_BYTES) this.#resumeReading();
  }

  #resumeReading(): void {
    if (!this.#readingPaused || this.#state === "closed") return;
    this.#readingPaused = false;
    this.#socket.resumeReading();
  }

  /** Takes all unread bytes, at the end of the connection. */
  #rest(): Uint8Array<ArrayBuffer> {
    if (this.#received.size === 0 && this.#error !== undefined) throw this.#error;
    return this.#received.take(Infinity);
  }

  #closedError(): Error {
    return this.#error ?? new ConnectionClosed("The connection was closed");
  }
}
