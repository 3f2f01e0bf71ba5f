/**
 * The body of one request, between the connection that receives it and the app that reads it.
 *
 * The connection pushes bytes as they arrive; the app reads them through operations, one at a time. Only
 * unread bytes are kept, and `hungry` tells the connection when to stop reading from the client.
 *
 * The trap: pushed bytes may lie in the memory of a socket. They are copied, unless a pending read takes
 * all of them at once.
 *
 * The connection and the exchange call `push`, `end`, `fail` and `discard`; the inputs of the app
 * call `read`, `readPiece` and `readLine`.
 *
 * @module
 */

import type { Abort, Resume, Task, TimeoutOptions } from "../../coroutine/mod.ts";
import type { BlockPool } from "../../socket/mod.ts";
import { NOT_YET, QuickOperation } from "../quick_operation.ts";
import type { Binding } from "../waiting.ts";
import { ByteQueue } from "./byte_queue.ts";
import { lineHint, NEWLINE, type ReadSize, readSize, splitLines } from "./read_arguments.ts";

/**
 * The client disconnected before its request was complete. An app need not catch this error: the server does
 * not report it.
 */
export class ClientDisconnected extends Error {
  /** `ClientDisconnected`, or the name of a subclass. */
  override readonly name: string = "ClientDisconnected";

  /**
   * Makes the error.
   *
   * @param message Default: that the client disconnected.
   */
  constructor(message: string = "The client disconnected before the request was complete") {
    super(message);
  }
}

/** Tries a read after each change of the buffer: returns its result, or `undefined` to wait on. */
type Attempt<T> = () => T | undefined;

/** A read that waits for bytes that have not arrived. */
interface PendingRead {
  readonly attempt: Attempt<unknown>;
  readonly resume: Resume<unknown>;
}

/**
 * The connection stops reading at this many unread bytes, unless a read waits for more. One read of
 * a socket brings at most the same number of bytes, so the app and the socket can work in turn.
 */
const MAX_UNREAD_BYTES = 65_536;
const NO_TRAILERS: readonly string[] = [];

/** A request body that is being received. */
export class BodyBuffer {
  readonly #bytes: ByteQueue;
  #trailers: readonly string[] = NO_TRAILERS;
  /** True once the body is complete. */
  #ended = false;
  /** The error of every read that would have to wait. The first `fail` sets it. */
  #error: unknown;
  #pending: PendingRead | undefined;
  /** The bytes that the pending read waits for, as its last attempt has found. */
  #missingBytes = Infinity;
  readonly #onWanted: () => void;

  /**
   * @param onWanted Called whenever the app reads from a body that has not ended.
   * @param pool The pool of blocks of 64 KiB. Default: a pool that all bodies share.
   */
  constructor(onWanted: () => void, pool?: BlockPool) {
    this.#onWanted = onWanted;
    this.#bytes = new ByteQueue(pool);
  }

  /** Whether the connection should read on: a read waits for bytes, or few bytes are unread. */
  get hungry(): boolean {
    return this.#pending !== undefined || this.#bytes.size < MAX_UNREAD_BYTES;
  }

  /** Whether a read waits for bytes that have not arrived. */
  get awaited(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * The length of an array that the app can get as it is: all that the pending read waits for. It is 0 if the read
   * gets a copy anyway, because it waits for more than one piece.
   */
  get wantedBytes(): number {
    if (this.#pending === undefined) return MAX_UNREAD_BYTES;
    return this.#missingBytes <= MAX_UNREAD_BYTES ? this.#missingBytes : 0;
  }

  /** The coroutine that waits for bytes that have not arrived; `undefined` if there is none. */
  get reader(): Task<unknown> | undefined {
    return this.#pending?.resume.task;
  }

  /** The number of unread bytes. */
  get size(): number {
    return this.#bytes.size;
  }

  /** Adds a copy of `bytes`, or `bytes` itself if the array is `owned`: no other code uses it. */
  push(bytes: Uint8Array, owned: boolean = false): void {
    if (bytes.length === 0) return;
    if (owned || this.#pending === undefined) {
      this.#bytes.push(bytes, owned);
      return this.#advance();
    }
    this.#bytes.lend(bytes);
    this.#advance();
    this.#bytes.keep();
  }

  /** The trailer fields that came after the body: lower-case name, value, name, value, ... */
  get trailers(): readonly string[] {
    return this.#trailers;
  }

  /** Tells that the body is complete, with these trailer fields. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    this.#trailers = trailers;
    this.#ended = true;
    this.#advance();
  }

  /**
   * Tells that the app gets no more of the body: a read that needs more bytes than have arrived
   * fails with the error.
   */
  fail(error: unknown): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#error = error;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resume.error(error);
  }

  /** Takes all that is left, without a wait; `undefined` if the body has not arrived whole, or is longer. */
  takeWhole(mostBytes: number): Uint8Array<ArrayBuffer> | undefined {
    const isWhole = this.#ended && this.#pending === undefined && this.#bytes.size <= mostBytes;
    return isWhole ? this.#bytes.take(mostBytes) : undefined;
  }

  /** Drops the unread bytes: the app has ended. */
  discard(): void {
    this.#bytes.clear();
  }

  /** Reads `size` bytes, fewer only at the end; without `size`, all that is left. */
  read(size: ReadSize, options?: TimeoutOptions, binding?: Binding): Read {
    const wanted = readSize(size);
    const attempt = () => {
      if (this.#bytes.size >= wanted || this.#ended) return this.#bytes.take(wanted);
      this.#missingBytes = wanted - this.#bytes.size;
      return undefined;
    };
    return new ReadOperation("wsgi.input.read", this, options, attempt, binding);
  }

  /** Reads the bytes that have arrived, or waits for the first ones; empty at the end. */
  readPiece(options?: TimeoutOptions): Read {
    return new ReadOperation("wsgi.input.readPiece", this, options, () => {
      return this.#bytes.size > 0 || this.#ended ? this.#bytes.take(MAX_UNREAD_BYTES) : undefined;
    });
  }

  /** Reads up to and with the next newline, at most `limit` bytes; empty at the end. */
  readLine(limit: ReadSize, options?: TimeoutOptions, binding?: Binding): Read {
    const most = readSize(limit);
    const find = this.#newlineFinder(0);
    const attempt = () => {
      const end = find();
      if (end !== undefined) return this.#bytes.take(Math.min(end, most));
      return this.#bytes.size >= most || this.#ended ? this.#bytes.take(most) : undefined;
    };
    return new ReadOperation("wsgi.input.readline", this, options, attempt, binding);
  }

  /** Reads lines until they have at least `hint` bytes; without `hint`, all lines. */
  readLines(hint: ReadSize, options?: TimeoutOptions, binding?: Binding): ReadLines {
    const enough = lineHint(hint);
    // The line that has the last of the `hint` bytes is the last one.
    const find = enough === Infinity ? () => undefined : this.#newlineFinder(enough - 1);
    const attempt = () => {
      const end = find() ?? (this.#ended ? Infinity : undefined);
      return end === undefined ? undefined : splitLines(this.#bytes.take(end));
    };
    return new ReadOperation("wsgi.input.readlines", this, options, attempt, binding);
  }

  /**
   * Makes a search for the end of the line that has the byte at `offset`. Each call searches only the
   * bytes that have come since the last one; other reads may take bytes in between.
   */
  #newlineFinder(offset: number): () => number | undefined {
    let searched = 0;
    return () => {
      const { taken, size } = this.#bytes;
      const newline = this.#bytes.indexOf(NEWLINE, Math.max(offset, searched - taken));
      searched = taken + (newline < 0 ? size : newline);
      return newline < 0 ? undefined : newline + 1;
    };
  }

  /** Tries a read at once; `undefined` if it has to wait. {@linkcode ReadOperation} calls this. */
  readNow<T>(attempt: Attempt<T>): T | undefined {
    if (this.#pending !== undefined) return undefined;
    const result = attempt();
    if (result !== undefined && !this.#ended) this.#onWanted();
    return result;
  }

  /** Begins a read that has to wait. {@linkcode ReadOperation} calls this. */
  begin(attempt: Attempt<unknown>, resume: Resume<unknown>): Abort | void {
    if (this.#pending !== undefined) throw new TypeError("The request body is already being read");
    if (this.#error !== undefined) resume.error(this.#error);
    else this.#pending = { attempt, resume };
    if (!this.#ended) this.#onWanted();
    return () => this.#pending = undefined;
  }

  #advance(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#missingBytes = Infinity;
    const result = pending.attempt();
    if (result === undefined) return pending.resume.active();
    this.#pending = undefined;
    pending.resume.value(result);
  }
}

/** A read of bytes. */
type Read = ReadOperation<Uint8Array<ArrayBuffer>>;
/** A read of lines. */
type ReadLines = ReadOperation<Uint8Array<ArrayBuffer>[]>;

/** A read of the request body. If it is aborted, no byte is lost. */
class ReadOperation<T> extends QuickOperation<T> {
  readonly name: string;
  readonly #body: BodyBuffer;
  readonly #attempt: Attempt<T>;

  constructor(
    name: string,
    body: BodyBuffer,
    options: TimeoutOptions | undefined,
    attempt: Attempt<T>,
    binding?: Binding,
  ) {
    super(options, name, binding);
    this.name = name;
    this.#body = body;
    this.#attempt = attempt;
  }

  /** Reads at once, if the bytes have arrived. */
  override attempt(): T | typeof NOT_YET {
    return this.#body.readNow(this.#attempt) ?? NOT_YET;
  }

  protected begin(resume: Resume<T>): Abort | void {
    return this.#body.begin(this.#attempt, resume as Resume<unknown>);
  }
}

/** The body of all requests without a body. It has ended, so it keeps no state of a request. */
export const NO_BODY: BodyBuffer = new BodyBuffer(() => {});
NO_BODY.end();
