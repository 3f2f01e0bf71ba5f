/**
 * The main thread, as a thread sees it: a call sleeps until its answer.
 *
 * @module
 */

import type { HeaderList } from "../wsgi/mod.ts";
import { plainHead } from "./plain_head.ts";
import {
  ANSWER,
  CALL,
  CELL,
  errorOf,
  FAULT,
  type Fault,
  faultOf,
  joinPieces,
  MAX_BYTES,
  type SharedCells,
} from "./protocol.ts";

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The request has ended, because its client has disconnected or wants no more of the response. */
export class RequestEnded extends Error {
  override readonly name = "RequestEnded";
}

/** The calls of a thread to the main thread. */
export class MainThread {
  readonly #cells: Int32Array;
  readonly #memory: Uint8Array;
  /** The error of the last answer. */
  #answered: unknown;
  /** A head that no call has sent yet; it comes with the next call, at the latest with the end. */
  #head: Uint8Array | undefined;

  constructor({ cells, bytes }: SharedCells) {
    this.#cells = cells;
    this.#memory = bytes;
  }

  /** The request body, if it has arrived whole: asked once, before the first call. */
  takeBody(): Uint8Array | undefined {
    const length = this.#cells[CELL.body] as number;
    return length < 0 ? undefined : this.#memory.slice(0, length);
  }

  /** @throws {RequestEnded} If the request has ended. */
  checkAborted(): void {
    if (Atomics.load(this.#cells, CELL.aborted) === 1) throw new RequestEnded(ENDED);
  }

  /**
   * Starts the response, as {@linkcode call} does. A head that the server cannot refuse needs no answer, so it
   * waits here for the next call.
   *
   * @throws As {@linkcode call} does.
   */
  start(status: string, headers: HeaderList, excInfo: unknown): void {
    const isReplacing = excInfo !== undefined && excInfo !== null;
    const mayJoin = this.#cells[CELL.mayJoin] === 1 && !isReplacing;
    // The server judges each further call of the app.
    this.#cells[CELL.mayJoin] = 0;
    const plain = mayJoin ? plainHead(status, headers) : undefined;
    const head = encoder.encode(JSON.stringify(plain ?? [status, headers]));
    if (plain === undefined || head.length > MAX_BYTES) {
      return void this.call(CALL.start, head, isReplacing ? 1 : 0, excInfo);
    }
    this.checkAborted();
    this.#head = head;
  }

  /**
   * Calls the main thread, and sleeps until its answer.
   *
   * @param bytes The bytes of the call, of any length.
   * @param excInfo The error to throw if the response has begun.
   * @returns The bytes of the answer, which are the caller's.
   * @throws {RequestEnded} If the request has ended.
   * @throws The error of the answer.
   */
  call(kind: number, bytes: Uint8Array = NO_BYTES, argument = 0, excInfo?: unknown): Uint8Array {
    const cells = this.#cells;
    this.#sendHead();
    const isOfApp = kind === CALL.block || kind === CALL.read || kind === CALL.start;
    if (isOfApp) this.checkAborted();
    for (; bytes.length > MAX_BYTES; bytes = bytes.subarray(MAX_BYTES)) {
      this.call(CALL.more, bytes.subarray(0, MAX_BYTES));
    }
    const before = Atomics.load(cells, CELL.answer);
    this.#send(kind, bytes, argument);
    // The wake-up of an earlier answer may come late: after that answer was seen, and this call was made.
    while (Atomics.load(cells, CELL.answer) === before) Atomics.wait(cells, CELL.answer, before);
    const answer = this.#memory.slice(0, cells[CELL.length]);
    switch (cells[CELL.kind]) {
      case ANSWER.error: {
        const fault = JSON.parse(decoder.decode(answer)) as Fault;
        // The stack of this thread shows the place in the app.
        throw this.#answered = errorOf({ ...fault, stack: "" });
      }
      case ANSWER.rethrow:
        throw excInfo;
      case ANSWER.aborted:
        throw new RequestEnded(ENDED);
    }
    return answer;
  }

  /** Sends a block of any size. `total` is the length of the whole body, if it is known. */
  send(block: Uint8Array, total = -1): void {
    for (let start = 0; start < block.length; start += MAX_BYTES) {
      this.call(CALL.block, block.subarray(start, start + MAX_BYTES), total);
    }
  }

  /** Writes to the error log. */
  log(text: string): void {
    const bytes = encoder.encode(text);
    for (let start = 0; start < bytes.length; start += MAX_BYTES) {
      this.call(CALL.log, bytes.subarray(start, start + MAX_BYTES));
    }
  }

  /** Tells of the error of the app. Never throws: the request may have ended meanwhile, as at its deadline. */
  fail(error: unknown): void {
    // The failure replaces a head that was not sent.
    this.#head = undefined;
    const origin = isRequestEnded(error)
      ? FAULT.aborted
      : error === this.#answered
      ? FAULT.answered
      : FAULT.own;
    try {
      this.call(CALL.fail, encoder.encode(JSON.stringify(faultOf(error))), origin);
    } catch {
      // The main thread knows of the end already.
    }
  }

  /** The request has ended: this thread is free. With `last`, these are the last bytes of the body. */
  done(last?: Uint8Array): void {
    const head = this.#head;
    if (head !== undefined && last !== undefined && head.length + last.length <= MAX_BYTES) {
      this.#head = undefined;
      this.#send(CALL.whole, joinPieces([head, last]), head.length);
    } else {
      this.#sendHead();
      if (last === undefined) this.#send(CALL.done, NO_BYTES, 0);
      else this.#send(CALL.end, last, 1);
    }
    this.#answered = undefined;
  }

  #sendHead(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.call(CALL.start, head);
  }

  #send(kind: number, bytes: Uint8Array, argument: number): void {
    this.#memory.set(bytes);
    this.#cells[CELL.kind] = kind;
    this.#cells[CELL.length] = bytes.length;
    this.#cells[CELL.argument] = argument;
    Atomics.add(this.#cells, CELL.call, 1);
    Atomics.notify(this.#cells, CELL.call);
  }
}

const ENDED = "The request has ended: its client has left, or wants no more of the response";

/** The app may throw any value, also one that cannot be inspected, such as a revoked Proxy. */
function isRequestEnded(error: unknown): boolean {
  try {
    return error instanceof RequestEnded;
  } catch {
    return false;
  }
}
