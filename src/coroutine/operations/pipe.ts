/**
 * Pipes: one coroutine, the consumer, iterates over the chunks of another, the producer.
 *
 * A pipe is like a generator that may wait between its values. The producer runs only while the
 * consumer waits for a chunk. The pipe of a producer is a coroutine local, so that functions that
 * the producer calls and coroutines that it adds can give chunks, too.
 *
 * @module
 */

import type { LocalValues } from "../current_step.ts";
import { checkFunction } from "../call_checks.ts";
import { type Abort, BaseOperation, type Operation, operation, type Resume } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { CoroutineFunction } from "../task.ts";
import { Waiters } from "../kernel/waiters.ts";

/** The value that a pipe gives after its last chunk, at each further wait. */
export const sentinel: unique symbol = Symbol("end of the pipe");

/** An operation of {@linkcode chunk}. A producer yields it. */
export interface Chunk<T> {
  /** The value of the chunk. */
  readonly chunk: T;
  /** Makes the iterator of `yield* chunk(value)`. */
  [Symbol.iterator](): Iterator<Chunk<T>, void, unknown>;
}

/** The type of the chunks of a producer, taken from the type of its yields. */
export type ChunkOf<Y> = unknown extends Y ? unknown : Y extends Chunk<infer T> ? T : never;

/** An iteration over the chunks of a producer. Each wait for the pipe gives the next chunk. */
export interface Pipe<T> extends Operation<T | typeof sentinel> {
  /** Cancels the producer, if it has not ended. Afterwards the pipe gives {@linkcode sentinel}. */
  stop(): void;
}

/**
 * Iterates over the chunks of another coroutine.
 *
 * The producer starts at the first wait for the pipe, runs until it gives a chunk, and goes on at
 * the next wait. The end of the consumer cancels the producer. An error of the producer is thrown
 * in the consumer.
 *
 * @param fn The producer, usually a generator function; it gives values with {@linkcode chunk}.
 * @param args Its arguments.
 * @returns An operation that gives the pipe; `yield* pipe` gives the next value, or
 *   {@linkcode sentinel}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   chunk,
 *   Iterate,
 *   ManualClock,
 *   Scheduler,
 *   sentinel,
 *   Sleep,
 * } from "@x/cogen-wsgi/coroutine";
 *
 * function* countdown(from: number) {
 *   for (let n = from; n > 0; n--) {
 *     yield* Sleep(1);
 *     yield* chunk(n);
 *   }
 * }
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   const pipe = yield* Iterate(countdown, 3);
 *   const seen: number[] = [];
 *   for (;;) {
 *     const n = yield* pipe;
 *     if (n === sentinel) return seen;
 *     seen.push(n);
 *   }
 * });
 * clock.advance(3000);
 * assertEquals(task.result, [3, 2, 1]);
 * ```
 */
export function Iterate<A extends unknown[], Y>(
  fn: (...args: A) => Generator<Y, unknown, unknown>,
  ...args: A
): Operation<Pipe<ChunkOf<Y>>> {
  checkFunction("The coroutine of Iterate", fn);
  return operation((resume) => {
    const addProducer = () =>
      resume.scheduler.add(fn as CoroutineFunction<A, unknown>, ...args) as RunningTask<unknown>;
    resume.value(new ProducerPipe(fn.name, addProducer) as unknown as Pipe<ChunkOf<Y>>);
  }, `Iterate(${fn.name})`);
}

/**
 * Gives a value to the consumer that iterates over this coroutine, and waits until the consumer
 * waits for the next one.
 *
 * @param value Any value.
 * @returns An operation without a value.
 * @throws {TypeError} At the `yield`, if the coroutine is not a producer of {@linkcode Iterate}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chunk, Iterate, ManualClock, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   const pipe = yield* Iterate(function* () {
 *     for (let n = 1;; n++) yield* chunk(n);
 *   });
 *   const values = [yield* pipe, yield* pipe];
 *   pipe.stop();
 *   return values;
 * });
 * clock.advance(0);
 * assertEquals(task.result, [1, 2]);
 * ```
 */
export function chunk<T>(value: T): Chunk<T> {
  const give = operation<void>((resume) => {
    const pipe = (resume.task as RunningTask<unknown>).locals?.get(PIPE_LOCAL);
    if (!(pipe instanceof ProducerPipe)) {
      throw new TypeError("Cannot give a chunk: no coroutine iterates over this one");
    }
    return pipe.giveChunk(value, resume);
  }, "chunk");
  return Object.assign(give, { chunk: value }) as unknown as Chunk<T>;
}

/** The key of the coroutine local that holds the pipe of a producer. */
const PIPE_LOCAL: object = {};

class ProducerPipe extends BaseOperation<unknown> implements Pipe<unknown> {
  readonly name: string;
  /** Adds the producer to the scheduler; called at the consumer's first wait. */
  readonly #addProducer: () => RunningTask<unknown>;
  #producer: RunningTask<unknown> | undefined;
  /** The consumer's wait for the next chunk. */
  #consumerWait: Resume<unknown> | undefined;
  /**
   * Chunks that were given while the consumer did not wait, by several coroutines of one producer.
   */
  readonly #untakenChunks = new Waiters<void, unknown>();
  /** The coroutines with a taken chunk: the consumer's next wait resumes them. */
  readonly #takenChunks = new Waiters<void>();
  /** Becomes true in `stop`, and stays so. */
  #stopped = false;

  constructor(name: string, addProducer: () => RunningTask<unknown>) {
    super();
    this.name = `Iterate(${name})`;
    this.#addProducer = addProducer;
  }

  /** Waits for the next chunk. */
  start(resume: Resume<unknown>): Abort | void {
    if (this.#consumerWait !== undefined) {
      throw new TypeError(`${this.name} is being waited for already`);
    }
    this.#takenChunks.resumeAll(undefined);
    const untaken = this.#untakenChunks.take();
    if (untaken !== undefined) {
      this.#takenChunks.add(untaken.resume, undefined);
      return resume.value(untaken.payload);
    }
    if (this.#producer?.done || (this.#stopped && !this.#producer)) return this.#giveEnd(resume);
    this.#consumerWait = resume;
    if (this.#producer === undefined) this.#startProducer(resume.task as RunningTask<unknown>);
    return () => this.#consumerWait = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#producer?.cancel();
  }

  /** Gives a chunk to the consumer; the wait of the producer ends at the consumer's next wait. */
  giveChunk(value: unknown, resume: Resume<void>): Abort {
    const waiting = this.#consumerWait;
    if (waiting === undefined || waiting.settled) return this.#untakenChunks.add(resume, value);
    this.#consumerWait = undefined;
    const leave = this.#takenChunks.add(resume, undefined);
    waiting.value(value);
    return leave;
  }

  /** Starts the producer. The end of the consumer cancels it. */
  #startProducer(consumer: RunningTask<unknown>): void {
    const producer = this.#producer = this.#addProducer();
    producer.locals = withPipe(producer.locals, this);
    const unwatch = consumer.watch(() => producer.cancel());
    producer.watch(() => {
      unwatch();
      producer.observe();
      const waiting = this.#consumerWait;
      this.#consumerWait = undefined;
      if (waiting !== undefined) this.#giveEnd(waiting);
    });
  }

  /**
   * Gives the sentinel, or the error of a producer that failed or was not cancelled by the pipe.
   */
  #giveEnd(resume: Resume<unknown>): void {
    const producer = this.#producer;
    const ended = this.#stopped ? producer?.state !== "failed" : producer?.state === "returned";
    if (ended) resume.value(sentinel);
    else resume.error(producer?.error);
  }
}

function withPipe(values: LocalValues | undefined, pipe: ProducerPipe): LocalValues {
  return new Map(values).set(PIPE_LOCAL, pipe);
}
