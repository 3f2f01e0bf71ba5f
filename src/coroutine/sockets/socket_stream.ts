/**
 * A socket that pushes, as something coroutines read from and write to.
 *
 * Nothing of any network is known here: only the shape of a socket, and of the one who is told what
 * happens to it. Reading pauses while too much has come that nobody asked for.
 *
 * @module
 */

import type { Abort, Resume } from "../operation.ts";
import type { ByteSocket, SocketHandler } from "./byte_socket.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { Waiters } from "../kernel/waiters.ts";

/** A connection ended before what was asked for had come or gone. */
export class ConnectionClosed extends Error {
  /** `ConnectionClosed`. */
  override readonly name = "ConnectionClosed";
}

/** So much may have come that nobody asked for, before reading pauses. */
const HIGH_WATER = 64 * 1024;

interface Reader {
  readonly resume: Resume<Uint8Array>;
  /** What was asked for, once it is there. */
  readonly attempt: () => Uint8Array | undefined;
}

/**
 * One connection, for `Recv`, `RecvAll`, `readline`, `readlines`, `Send` and `SendAll`.
 *
 * `Accept` and `Connect` give it. One coroutine at a time may read, any number may write.
 */
export class SocketStream implements SocketHandler {
  readonly #socket: ByteSocket;
  readonly #received = new ReceiveBuffer();
  /** Those who wait for room. */
  readonly #writers = new Waiters<void>();
  #reader: Reader | undefined;
  #paused = false;
  #full = false;
  #ended = false;
  #closed = false;
  #error: Error | undefined;

  /**
   * Wraps a socket; the stream is its handler.
   *
   * @param socket A connection that was just opened.
   */
  constructor(socket: ByteSocket) {
    this.#socket = socket;
  }

  /** Whether the connection is gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Half-closes: the peer reads an end after all that was sent. */
  endWrite(): void {
    this.#socket.endWrite();
  }

  /** Closes both directions at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** @ignore */
  onData(bytes: Uint8Array): void {
    this.#received.push(bytes);
    this.#reader?.resume.active();
    this.#serve();
    if (this.#paused || this.#received.size < HIGH_WATER || this.#reader !== undefined) return;
    this.#paused = true;
    this.#socket.pauseReading();
  }

  /** @ignore */
  onEnd(): void {
    this.#ended = true;
    this.#serve();
  }

  /** @ignore */
  onDrain(): void {
    this.#full = false;
    this.#writers.resumeAll(undefined);
  }

  /** @ignore */
  onClose(error?: Error): void {
    this.#closed = this.#ended = true;
    this.#error = error;
    this.#writers.failAll(() => this.#closedError());
    this.#serve();
  }

  /**
   * Begins to read up to `count` bytes: any, or all of them. None at the end.
   *
   * @ignore
   */
  read(resume: Resume<Uint8Array>, count: number, wholly: boolean): Abort | void {
    return this.#read(resume, () => {
      const { size } = this.#received;
      if (size >= (wholly ? count : 1)) return this.#received.take(count);
      if (!this.#ended) return undefined;
      if (wholly) throw this.#closedError();
      return this.#rest();
    });
  }

  /**
   * Begins to read a line, with its line feed; the last one may lack it.
   *
   * @ignore
   */
  readLine(resume: Resume<Uint8Array>, limit: number): Abort | void {
    return this.#read(resume, () => {
      const length = this.#received.lineLength();
      if (length > limit || (length === 0 && this.#received.size > limit)) {
        throw new RangeError(`Cannot read a line: it is longer than ${limit} bytes`);
      }
      if (length > 0) return this.#received.take(length);
      return this.#ended ? this.#rest() : undefined;
    });
  }

  /**
   * Begins to write; waits for room before, and if `wholly` after, so that the bytes are on their way.
   *
   * @ignore
   */
  write(resume: Resume<void>, bytes: Uint8Array | string, wholly: boolean): Abort | void {
    if (this.#closed) throw this.#closedError();
    if (this.#full) return this.#writeLater(resume, bytes, wholly);
    this.#full = !this.#socket.write(bytes);
    if (this.#full && wholly) return this.#writers.add(resume, undefined);
    resume.value();
  }

  /** Writers go on in order of arrival, each as if it came now; only the abort must follow. */
  #writeLater(resume: Resume<void>, bytes: Uint8Array | string, wholly: boolean): Abort {
    let leave: Abort | void = undefined;
    const retry = (step: () => Abort | void) => {
      try {
        leave = step();
      } catch (error) {
        resume.error(error);
      }
    };
    const room: Resume<void> = {
      task: resume.task,
      scheduler: resume.scheduler,
      get settled() {
        return resume.settled;
      },
      value: () => retry(() => this.write(resume, bytes, wholly)),
      error: (error) => resume.error(error),
      setDeadline: (...deadline) => resume.setDeadline(...deadline),
      active: () => resume.active(),
    };
    leave = this.#writers.add(room, undefined);
    return () => leave?.();
  }

  #read(resume: Resume<Uint8Array>, attempt: () => Uint8Array | undefined): Abort | void {
    if (this.#reader !== undefined) {
      throw new TypeError("Cannot read: another coroutine is reading");
    }
    this.#reader = { resume, attempt };
    this.#serve();
    if (this.#reader === undefined) return;
    this.#resumeReading();
    return () => this.#reader = undefined;
  }

  #serve(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    try {
      const bytes = reader.attempt();
      if (bytes === undefined) return;
      this.#reader = undefined;
      reader.resume.value(bytes);
    } catch (error) {
      this.#reader = undefined;
      reader.resume.error(error);
    }
    if (this.#received.size < HIGH_WATER) this.#resumeReading();
  }

  #resumeReading(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    this.#socket.resumeReading();
  }

  /** What is left at the end; a broken connection has no good one. */
  #rest(): Uint8Array {
    if (this.#received.size === 0 && this.#error !== undefined) throw this.#error;
    return this.#received.take(Infinity);
  }

  #closedError(): Error {
    return this.#error ?? new ConnectionClosed("The connection was closed");
  }
}
