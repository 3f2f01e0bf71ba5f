/**
 * The body of one request between the connection that receives it and the app that reads it.
 *
 * Bytes are pushed in as they come, and read through operations, by one reader at a time. Only what
 * nobody has read yet is kept; `hungry` tells the connection when to stop reading from the client.
 *
 * @module
 */

import { type Abort, type Operation, type Resume, TimedOperation } from "../../coroutine/mod.ts";
import { NOT_YET } from "../../coroutine/internal.ts";
import type { TimeoutOptions } from "../../coroutine/mod.ts";
import type { BlockPool } from "../../socket/mod.ts";
import { ByteQueue } from "./byte_queue.ts";

/** The client went away before its request was complete. */
export class ClientDisconnected extends Error {
  /** `ClientDisconnected`. */
  override readonly name = "ClientDisconnected";

  /** Its message is always the same. */
  constructor() {
    super("The client disconnected before the request was complete");
  }
}

/** What a read tries whenever something has changed: its result, or `undefined` to go on waiting. */
type Attempt<T> = () => T | undefined;

interface Reader {
  readonly attempt: Attempt<unknown>;
  readonly resume: Resume<unknown>;
}

/** How much unread body is kept for an app that does not read, in bytes. */
const HIGH_WATER = 65_536;
const NEWLINE = 0x0a;
const NO_TRAILERS: readonly string[] = [];

/** A request body on its way. */
export class BodyBuffer {
  readonly #bytes: ByteQueue;
  #trailers: readonly string[] = NO_TRAILERS;
  #ended = false;
  #error: unknown;
  #reader: Reader | undefined;
  readonly #onWanted: () => void;

  /**
   * @param onWanted Called whenever the app asks for more of a body that has not ended.
   * @param pool Where blocks of 64 KB come from. Default: one that all bodies share.
   */
  constructor(onWanted: () => void, pool?: BlockPool) {
    this.#onWanted = onWanted;
    this.#bytes = new ByteQueue(pool);
  }

  /** Whether more bytes are welcome: somebody waits for them, or little is kept. */
  get hungry(): boolean {
    return this.#reader !== undefined || this.#bytes.size < HIGH_WATER;
  }

  /** Whether a reader waits for what has not come yet. */
  get awaited(): boolean {
    return this.#reader !== undefined;
  }

  /** How many bytes wait to be read. */
  get size(): number {
    return this.#bytes.size;
  }

  /** Adds a copy of `bytes`, or what was `copied` already. */
  push(bytes: Uint8Array, copied: boolean = false): void {
    if (bytes.length === 0) return;
    if (copied || this.#reader === undefined) {
      this.#bytes.push(bytes, copied);
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

  /** The body is complete, with these trailer fields. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    this.#trailers = trailers;
    this.#ended = true;
    this.#advance();
  }

  /** The body will not be complete: whoever reads past what is here is told why. */
  fail(error: unknown): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#error = error;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resume.error(error);
  }

  /** Forgets what nobody will read any more. */
  discard(): void {
    this.#bytes.clear();
  }

  /** Reads `size` bytes, fewer only at the end; without `size`, all that is left. */
  read(size: number | undefined, options: TimeoutOptions): Operation<Uint8Array> {
    const wanted = size === undefined ? Infinity : checkSize(size);
    const attempt = () =>
      this.#bytes.size >= wanted || this.#ended ? this.#bytes.take(wanted) : undefined;
    return new ReadOperation("wsgi.input.read", this, options, attempt);
  }

  /** Reads what is here, waiting only if there is nothing; empty at the end. */
  readChunk(options: TimeoutOptions): Operation<Uint8Array> {
    return new ReadOperation("wsgi.input.readChunk", this, options, () => {
      return this.#bytes.size > 0 || this.#ended ? this.#bytes.take(HIGH_WATER) : undefined;
    });
  }

  /** Reads up to and with the next newline, at most `limit` bytes; empty at the end. */
  readLine(limit: number, options: TimeoutOptions): Operation<Uint8Array> {
    if (limit !== Infinity) checkSize(limit);
    let searched = 0;
    return new ReadOperation("wsgi.input.readline", this, options, () => {
      const newline = this.#bytes.indexOf(NEWLINE, searched);
      searched = this.#bytes.size;
      if (newline >= 0) return this.#bytes.take(Math.min(newline + 1, limit));
      return this.#bytes.size >= limit || this.#ended ? this.#bytes.take(limit) : undefined;
    });
  }

  /** Does a read whose bytes are here, and gives what they are. For {@linkcode ReadOperation} alone. */
  readNow<T>(attempt: Attempt<T>): T | undefined {
    if (this.#reader !== undefined) return undefined;
    const result = attempt();
    if (result !== undefined && !this.#ended) this.#onWanted();
    return result;
  }

  /** Begins a read whose bytes are not here. For {@linkcode ReadOperation} alone. */
  begin(attempt: Attempt<unknown>, resume: Resume<unknown>): Abort | void {
    if (this.#reader !== undefined) throw new TypeError("The request body is already being read");
    if (this.#error !== undefined) resume.error(this.#error);
    else this.#reader = { attempt, resume };
    if (!this.#ended) this.#onWanted();
    return () => this.#reader = undefined;
  }

  #advance(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const result = reader.attempt();
    if (result === undefined) return;
    this.#reader = undefined;
    reader.resume.value(result);
  }
}

function checkSize(size: number): number {
  if (Number.isInteger(size) && size >= 0) return size;
  throw new RangeError(`Cannot read ${size} bytes: expected a whole number, 0 or more`);
}

/** A read of the request body. */
export class ReadOperation<T> extends TimedOperation<T> {
  readonly name: string;
  readonly #body: BodyBuffer;
  readonly #attempt: Attempt<T>;

  constructor(
    name: string,
    body: BodyBuffer,
    options: TimeoutOptions,
    attempt: Attempt<T>,
  ) {
    super(options);
    this.name = name;
    this.#body = body;
    this.#attempt = attempt;
  }

  /** Reads at once what is here already. */
  override attempt(): T | typeof NOT_YET {
    return this.#body.readNow(this.#attempt) ?? NOT_YET;
  }

  protected begin(resume: Resume<T>): Abort | void {
    return this.#body.begin(this.#attempt, resume as Resume<unknown>);
  }
}

/** The body of all requests without one: it has ended, so that it keeps nothing of any of them. */
export const NO_BODY: BodyBuffer = new BodyBuffer(() => {});
NO_BODY.end();
