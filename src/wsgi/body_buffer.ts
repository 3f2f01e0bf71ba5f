/**
 * The body of one request between the connection that receives it and the app that reads it.
 *
 * Bytes are pushed in as they come, and read through operations, by one reader at a time. Only what
 * nobody has read yet is kept; `hungry` tells the connection when to stop reading from the client.
 *
 * @module
 */

import { type Abort, type Operation, type Resume, TimedOperation } from "../coroutine/mod.ts";
import { NOT_YET } from "../coroutine/operation.ts";
import type { TimeoutOptions } from "../coroutine/mod.ts";

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
  /** Where bytes go at once, if it is known how many are wanted: they are copied only once then. */
  readonly target: Uint8Array | undefined;
  /** How many bytes of the target have come. */
  filled: number;
}

/** How much unread body is kept for an app that does not read, in bytes. */
const HIGH_WATER = 65_536;
/** A read of so many bytes at most has its room made before they come; of fewer, it is not worth it. */
const MAX_TARGET = 65_536;
/** Pieces smaller than this share an allocation, so that a body of tiny chunks stays small. */
const BLOCK = 4096;
const NEWLINE = 0x0a;
const EMPTY = new Uint8Array(0);
const NO_TRAILERS: readonly string[] = [];

/** A request body on its way. */
export class BodyBuffer {
  #chunks: Uint8Array[] = [];
  /** The unused rest of the allocation in which the last chunk ends. */
  #spare: Uint8Array = EMPTY;
  #size = 0;
  #trailers: readonly string[] = NO_TRAILERS;
  #ended = false;
  #error: unknown;
  #reader: Reader | undefined;
  readonly #onWanted: () => void;

  /** @param onWanted Called whenever the app asks for more of a body that has not ended. */
  constructor(onWanted: () => void) {
    this.#onWanted = onWanted;
  }

  /** Whether more bytes are welcome: somebody waits for them, or little is kept. */
  get hungry(): boolean {
    return this.#reader !== undefined || this.#size < HIGH_WATER;
  }

  /** Whether a reader waits for what has not come yet. */
  get awaited(): boolean {
    return this.#reader !== undefined;
  }

  /** How many bytes wait to be read. */
  get size(): number {
    return this.#size;
  }

  /** Adds a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    const rest = this.#fill(bytes);
    if (rest.length === 0) return;
    if (rest.length >= BLOCK) this.#chunks.push(rest.slice());
    else this.#append(rest);
    this.#size += rest.length;
    this.#advance();
  }

  /** The trailer fields that came after the body: lower-case name, value, name, value, ... */
  get trailers(): readonly string[] {
    return this.#trailers;
  }

  /** The body is complete, with these trailer fields. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    this.#trailers = trailers;
    this.#ended = true;
    const reader = this.#reader;
    if (reader?.target === undefined) return this.#advance();
    this.#reader = undefined;
    reader.resume.value(reader.target.slice(0, reader.filled));
  }

  /** The body will not be complete: whoever reads past what is here is told why. */
  fail(error: unknown): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#error = error;
    const reader = this.#reader;
    this.#giveUp();
    reader?.resume.error(error);
  }

  /** Forgets what nobody will read any more. */
  discard(): void {
    this.#chunks = [];
    this.#spare = EMPTY;
    this.#size = 0;
  }

  /** Reads `size` bytes, fewer only at the end; without `size`, all that is left. */
  read(size: number | undefined, options: TimeoutOptions): Operation<Uint8Array> {
    const wanted = size === undefined ? Infinity : checkSize(size);
    const attempt = () => this.#size >= wanted || this.#ended ? this.#take(wanted) : undefined;
    return new ReadOperation("read", this, options, attempt, wanted);
  }

  /** Reads what is here, waiting only if there is nothing; empty at the end. */
  readChunk(options: TimeoutOptions): Operation<Uint8Array> {
    return new ReadOperation("readChunk", this, options, () => {
      return this.#size > 0 || this.#ended ? this.#take(this.#chunks[0]?.length ?? 0) : undefined;
    });
  }

  /** Reads up to and with the next newline, at most `limit` bytes; empty at the end. */
  readLine(limit: number, options: TimeoutOptions): Operation<Uint8Array> {
    if (limit !== Infinity) checkSize(limit);
    let searched = 0;
    return new ReadOperation("readline", this, options, () => {
      const newline = this.#indexOf(NEWLINE, searched);
      searched = this.#size;
      if (newline >= 0) return this.#take(Math.min(newline + 1, limit));
      return this.#size >= limit || this.#ended ? this.#take(limit) : undefined;
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
  begin(attempt: Attempt<unknown>, resume: Resume<unknown>, wanted: number): Abort | void {
    if (this.#reader !== undefined) throw new TypeError("The request body is already being read");
    if (this.#error !== undefined) resume.error(this.#error);
    else {
      this.#reader = { attempt, resume, target: this.#targetOf(wanted), filled: 0 };
      this.#moveToTarget(this.#reader);
    }
    if (!this.#ended) this.#onWanted();
    return () => this.#giveUp();
  }

  #targetOf(wanted: number): Uint8Array | undefined {
    return wanted >= BLOCK && wanted <= MAX_TARGET ? new Uint8Array(wanted) : undefined;
  }

  #moveToTarget(reader: Reader): void {
    if (reader.target === undefined) return;
    for (const chunk of this.#chunks) {
      reader.target.set(chunk, reader.filled);
      reader.filled += chunk.length;
    }
    this.discard();
  }

  /** Nobody waits any more: what has come is there for the next who reads. */
  #giveUp(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader?.target === undefined || reader.filled === 0) return;
    this.#chunks.unshift(reader.target.slice(0, reader.filled));
    this.#size += reader.filled;
  }

  /** Copies bytes to where they are waited for, and gives what is left of them. */
  #fill(bytes: Uint8Array): Uint8Array {
    const reader = this.#reader;
    if (reader?.target === undefined) return bytes;
    const { target, filled } = reader;
    const part = bytes.subarray(0, target.length - filled);
    target.set(part, filled);
    reader.filled += part.length;
    if (reader.filled === target.length) {
      this.#reader = undefined;
      reader.resume.value(target);
    }
    return bytes.subarray(part.length);
  }

  #append(bytes: Uint8Array): void {
    const last = this.#chunks[this.#chunks.length - 1];
    const spare = this.#spare;
    const adjoins = last !== undefined && last.buffer === spare.buffer &&
      last.byteOffset + last.length === spare.byteOffset;
    if (adjoins && spare.length >= bytes.length) {
      spare.set(bytes);
      const joined = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
      this.#chunks[this.#chunks.length - 1] = joined;
      this.#spare = spare.subarray(bytes.length);
    } else {
      // A body that comes in one piece needs no spare room: only a second piece is worth a block.
      const block = new Uint8Array(last === undefined ? bytes.length : BLOCK);
      block.set(bytes);
      this.#chunks.push(block.subarray(0, bytes.length));
      this.#spare = block.subarray(bytes.length);
    }
  }

  #advance(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const result = reader.attempt();
    if (result === undefined) return;
    this.#reader = undefined;
    reader.resume.value(result);
  }

  #indexOf(byte: number, from: number): number {
    let start = 0;
    for (const chunk of this.#chunks) {
      const found = start + chunk.length > from
        ? chunk.indexOf(byte, Math.max(0, from - start))
        : -1;
      if (found >= 0) return start + found;
      start += chunk.length;
    }
    return -1;
  }

  #take(wanted: number): Uint8Array {
    const size = Math.min(wanted, this.#size);
    if (size === 0) return EMPTY;
    const first = this.#chunks[0] as Uint8Array;
    this.#size -= size;
    if (first.length === size) return this.#chunks.shift() as Uint8Array;
    if (first.length > size) {
      this.#chunks[0] = first.subarray(size);
      return first.subarray(0, size);
    }
    return this.#gather(size);
  }

  #gather(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    let filled = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.length <= size - filled ? chunk : chunk.subarray(0, size - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) {
        this.#chunks[used] = chunk.subarray(part.length);
        break;
      }
      if (++used === this.#chunks.length || filled === size) break;
    }
    this.#chunks.splice(0, used);
    return bytes;
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
  readonly #wanted: number;

  /** @param wanted How many bytes it gives, if that is known; else 0. */
  constructor(
    name: string,
    body: BodyBuffer,
    options: TimeoutOptions,
    attempt: Attempt<T>,
    wanted: number = 0,
  ) {
    super(options);
    this.#wanted = wanted;
    this.name = `wsgi.input.${name}`;
    this.#body = body;
    this.#attempt = attempt;
  }

  /** Reads at once what is here already. */
  override attempt(): T | typeof NOT_YET {
    return this.#body.readNow(this.#attempt) ?? NOT_YET;
  }

  protected begin(resume: Resume<T>): Abort | void {
    return this.#body.begin(this.#attempt, resume as Resume<unknown>, this.#wanted);
  }
}

/** The body of all requests without one: it has ended, so that it keeps nothing of any of them. */
export const NO_BODY: BodyBuffer = new BodyBuffer(() => {});
NO_BODY.end();
