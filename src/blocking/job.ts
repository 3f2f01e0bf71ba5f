/**
 * One request in a thread, as the main thread sees it.
 *
 * The request takes the calls of the thread one by one, and answers each. When the request has ended, by a
 * disconnect for example, the job answers the calls itself: each then ends the app in the thread, until the
 * thread is free. The deadline runs from the start to that moment.
 *
 * | state | a call of the thread | leads to |
 * |---|---|---|
 * | `open` | goes to the request | `abandoned` when the request ends; `ended` when the thread is free |
 * | `abandoned` | is answered here, and ends the app | `ended` when the thread is free |
 * | `ended` | - | - |
 *
 * `request.ts` makes jobs and takes their calls; `app_thread.ts` gives them.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";
import { setTimerInParts } from "../coroutine/clock.ts";
import { HTTPException } from "../wsgi/mod.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { BlockingDeadline } from "./errors.ts";
import { ANSWER, CALL, errorOf, FAULT, type Fault, faultOf, joinPieces } from "./protocol.ts";

/** A call of a thread. */
export interface Call {
  readonly kind: number;
  readonly argument: number;
  /** A copy. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The thread of a job. */
export interface JobThread {
  answer(kind: number, bytes?: Uint8Array): void;
  /** Makes each later call of the app end it. */
  abort(): void;
  /**
   * Ends the thread, unless its app ends at its next call. The stack of the app is added to the error, where the
   * runtime shows it.
   */
  kill(error: Error): Promise<void>;
}

/** The parts of a request that a job needs. */
export interface JobHost {
  readonly clock: Clock;
  report(error: unknown): void;
  /** Writes to the error log of the app. */
  log(text: string): void;
  /** The deadline has passed. */
  expired(): void;
}

/** The time in which an app that was told of its deadline may run its `finally`. */
const GRACE_MS = 1000;

const utf8 = new TextDecoder();

/** The text of the bytes of a call. */
export function textOf(bytes: Uint8Array<ArrayBuffer>): string {
  return utf8.decode(bytes);
}

/** The calls that end the response. */
const OVER: ReadonlySet<number> = new Set([CALL.end, CALL.whole, CALL.fail]);

/** A request that has a thread. */
export class Job {
  /** Resolves when the thread is free, or has ended. */
  readonly ended: Promise<void>;
  /** Rejects when the deadline has passed. */
  readonly expired: Promise<never>;
  /** The error of the deadline, or of the death of the thread; set once. */
  failure: Error | undefined;
  readonly #thread: JobThread;
  readonly #host: JobHost;
  readonly #deadlineMs: number;
  #cancelTimer: () => void;
  #state: "open" | "abandoned" | "ended" = "open";
  /** Whether the app has told the end of its response, or its failure. The close of its body may still fail. */
  #isOver = false;
  /** The call that waits for its answer. */
  #call: Call | undefined;
  /** The same call, until {@linkcode next} has given it. */
  #untaken: Call | undefined;
  /** The first pieces of the next call. */
  #pieces: readonly Uint8Array<ArrayBuffer>[] = [];
  /** The request that waits for a call. */
  #waiter: Deferred<Call> | undefined;
  /** The error of the last answer, which the app may let pass. */
  #answered: unknown;
  readonly #end = deferred<void>();
  readonly #expiry = deferred<never>();

  constructor(thread: JobThread, host: JobHost, deadlineMs: number) {
    this.#thread = thread;
    this.#host = host;
    this.#deadlineMs = deadlineMs;
    this.ended = this.#end.promise;
    this.expired = this.#expiry.promise;
    this.#cancelTimer = setTimerInParts(host.clock, deadlineMs, () => this.#expire());
  }

  /** Waits for the next call. Rejects if the thread has died. */
  next(): Promise<Call> {
    if (this.failure !== undefined) return this.ended.then(() => Promise.reject(this.failure));
    const call = this.#untaken;
    this.#untaken = undefined;
    if (call !== undefined) return Promise.resolve(call);
    this.#waiter = deferred();
    return this.#waiter.promise;
  }

  /** Answers the open call; without effect if the deadline has answered it. */
  answer(kind: number = ANSWER.ok, bytes?: Uint8Array): void {
    if (this.#call === undefined || freesThread(this.#call)) return;
    this.#call = this.#untaken = undefined;
    this.#thread.answer(kind, bytes);
  }

  /** Answers the open call with an error, which is thrown in the app. */
  refuse(error: unknown): void {
    this.#answered = error;
    this.answer(ANSWER.error, errorBytes(error));
  }

  /** The error of a `fail` call: the one that an answer has brought, if the app has let it pass. */
  errorOf({ argument, bytes }: Call): unknown {
    const fault = JSON.parse(textOf(bytes)) as Fault;
    if (argument !== FAULT.own && this.failure !== undefined) {
      if (fault.stack !== "") this.failure.stack = fault.stack;
      return this.failure;
    }
    if (argument === FAULT.answered) return this.#answered;
    if (fault.response === undefined) return errorOf(fault);
    const { status, headers, body } = fault.response;
    const block = typeof body === "string" ? body : new Uint8Array(body);
    try {
      return new HTTPException(status, headers, block);
    } catch (error) {
      // The app has thrown an error with this name that cannot be sent.
      return error;
    }
  }

  /** The request has ended: from now on, each call of the app ends it. */
  abandon(): void {
    if (this.#state === "ended") return;
    this.#state = "abandoned";
    this.#thread.abort();
    if (this.#call !== undefined) this.#answerAbandoned(this.#call);
  }

  /** Takes a call of the thread. */
  take(piece: Call): void {
    if (piece.kind === CALL.log) return this.#log(textOf(piece.bytes));
    const pieces = [...this.#pieces, piece.bytes];
    this.#pieces = piece.kind === CALL.more ? pieces : [];
    if (piece.kind === CALL.more) return this.#thread.answer(ANSWER.ok);
    const call = pieces.length === 1 ? piece : { ...piece, bytes: joinPieces(pieces) };
    this.#call = call;
    if (this.#isOver || this.#state !== "open" || this.failure !== undefined) {
      return this.#answerAbandoned(call);
    }
    this.#isOver = OVER.has(call.kind);
    if (this.#waiter === undefined) this.#untaken = call;
    else this.#waiter.resolve(call);
    this.#waiter = undefined;
  }

  /** The thread is free, or has ended. */
  end(): void {
    // The app may have broken the objects of its thread, so that its failure could not be told.
    if (!this.#isOver && this.#state === "open") {
      this.failure ??= new Error("The app in its thread has ended without a response");
    }
    this.#state = "ended";
    this.#cancelTimer();
    if (this.failure !== undefined) this.#settle(this.failure);
    this.#end.resolve();
  }

  /** The thread has ended in the middle of the request. */
  fail(error: Error): void {
    this.failure ??= error;
    this.#call = this.#untaken = undefined;
    if (this.#state === "abandoned") this.#host.report(this.failure);
    this.end();
  }

  /** The thread has ended by itself after its last request, which is this one. */
  diedLater(error: Error): void {
    this.#host.report(error);
  }

  /** The log may be that of a middleware, which throws. */
  #log(text: string): void {
    try {
      this.#host.log(text);
    } catch (error) {
      return this.#thread.answer(ANSWER.error, errorBytes(error));
    }
    this.#thread.answer(ANSWER.ok);
  }

  /** The request waits for nothing more of the thread. */
  #settle(failure: Error): void {
    this.#waiter?.reject(failure);
    this.#waiter = undefined;
    this.#expiry.reject(failure);
  }

  #answerAbandoned(call: Call): void {
    const isOwn = call.argument === FAULT.own;
    if (call.kind === CALL.fail) {
      const error = this.errorOf(call);
      const isReported = isOwn || error === this.failure;
      if ((this.#isOver || this.#state === "abandoned") && isReported) this.#host.report(error);
    }
    this.answer(call.kind === CALL.end || call.kind === CALL.fail ? ANSWER.ok : ANSWER.aborted);
  }

  #expire(): void {
    const seconds = this.#deadlineMs / 1000;
    const error = new BlockingDeadline(`The app has not ended after ${seconds} s in its thread`);
    error.stack = `BlockingDeadline: ${error.message}`;
    this.#host.expired();
    this.#thread.abort();
    this.failure = error;
    if (this.#call === undefined) return void this.#thread.kill(error);
    const kill = () => void this.#thread.kill(error);
    this.#cancelTimer = setTimerInParts(this.#host.clock, GRACE_MS, kill);
    this.refuse(error);
    this.#expiry.reject(error);
  }
}

/** An error as the bytes of an answer. The parts of a response would be too long, and are not used. */
function errorBytes(error: unknown): Uint8Array {
  const { name, message, stack } = faultOf(error);
  return new TextEncoder().encode(JSON.stringify({ name, message, stack }));
}

/** Whether a call is the last one of its request, and has no answer. */
export function freesThread({ kind, argument }: Call): boolean {
  return kind === CALL.done || kind === CALL.whole || (kind === CALL.end && argument === 1);
}
