/**
 * Pipes: one coroutine iterates over what another gives in chunks.
 *
 * It is a generator whose steps may wait: the producer runs only while a chunk is asked for, and finds
 * its pipe through a coroutine local, so that whatever it calls or adds can give chunks too.
 *
 * @module
 */

import type { LocalValues } from "../current_step.ts";
import { type Abort, BaseOperation, type Operation, operation, type Resume } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { CoroutineFunction } from "../task.ts";
import { Waiters } from "../kernel/waiters.ts";

/** What a pipe gives when there are no more chunks. */
export const sentinel: unique symbol = Symbol("end of the pipe");

/** What {@linkcode chunk} makes: to be yielded by a producer. */
export interface Chunk<T> {
  /** The value. */
  readonly chunk: T;
  /** For `yield* chunk(value)`. */
  [Symbol.iterator](): Iterator<Chunk<T>, void, unknown>;
}

/** The type of the chunks among what a producer yields. */
export type ChunkOf<Y> = unknown extends Y ? unknown : Y extends Chunk<infer T> ? T : never;

/** An iteration over a producer's chunks; to wait for it is to ask for the next one. */
export interface Pipe<T> extends Operation<T | typeof sentinel> {
  /** Ends the producer, if it has not ended; the pipe then gives {@linkcode sentinel}. */
  stop(): void;
}

/** The key of the local in which a producer has its pipe. */
const PIPE: object = {};

class ProducerPipe extends BaseOperation<unknown> implements Pipe<unknown> {
  readonly name: string;
  readonly #begin: () => RunningTask<unknown>;
  #producer: RunningTask<unknown> | undefined;
  #asking: Resume<unknown> | undefined;
  /** Chunks that came unasked, from several coroutines of one producer. */
  readonly #offers = new Waiters<void, unknown>();
  /** Those whose chunk was taken: they go on when the next one is asked for. */
  readonly #taken = new Waiters<void>();
  #stopped = false;

  constructor(name: string, begin: () => RunningTask<unknown>) {
    super();
    this.name = `Iterate(${name})`;
    this.#begin = begin;
  }

  /** Asks for a chunk. */
  start(resume: Resume<unknown>): Abort | void {
    if (this.#asking !== undefined) throw new TypeError(`${this.name} is being waited for already`);
    this.#taken.resumeAll(undefined);
    const offer = this.#offers.take();
    if (offer !== undefined) {
      this.#taken.add(offer.resume, undefined);
      return resume.value(offer.payload);
    }
    if (this.#producer?.done || (this.#stopped && !this.#producer)) return this.#end(resume);
    this.#asking = resume;
    if (this.#producer === undefined) this.#launch(resume.task as RunningTask<unknown>);
    return () => this.#asking = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#producer?.cancel();
  }

  /** Takes a chunk. */
  offer(value: unknown, resume: Resume<void>): Abort {
    const asking = this.#asking;
    if (asking === undefined || asking.settled) return this.#offers.add(resume, value);
    this.#asking = undefined;
    const leave = this.#taken.add(resume, undefined);
    asking.value(value);
    return leave;
  }

  /** The producer ends with the consumer at the latest. */
  #launch(consumer: RunningTask<unknown>): void {
    const producer = this.#producer = this.#begin();
    producer.locals = withPipe(producer.locals, this);
    const unwatch = consumer.watch(() => producer.cancel());
    producer.watch(() => {
      unwatch();
      producer.observe();
      const asking = this.#asking;
      this.#asking = undefined;
      if (asking !== undefined) this.#end(asking);
    });
  }

  #end(resume: Resume<unknown>): void {
    const producer = this.#producer;
    const ended = this.#stopped ? producer?.state !== "failed" : producer?.state === "returned";
    if (ended) resume.value(sentinel);
    else resume.error(producer?.error);
  }
}

function withPipe(values: LocalValues | undefined, pipe: ProducerPipe): LocalValues {
  return new Map(values).set(PIPE, pipe);
}

/**
 * Iterates over the chunks of another coroutine.
 *
 * The producer starts when the first chunk is asked for, runs until it gives one, and goes on when the
 * next is asked for. It is cancelled when the consumer ends. Its error is thrown at the consumer.
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
  return operation((resume) => {
    const begin = () =>
      resume.scheduler.add(fn as CoroutineFunction<A, unknown>, ...args) as RunningTask<unknown>;
    resume.value(new ProducerPipe(fn.name, begin) as unknown as Pipe<ChunkOf<Y>>);
  }, `Iterate(${fn.name})`);
}

/**
 * Gives a value to whoever iterates over this coroutine, and waits until the next one is asked for.
 *
 * @param value Anything.
 * @returns An operation that gives nothing.
 * @throws {TypeError} Where it is waited for, if nobody iterates over this coroutine.
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
    const pipe = (resume.task as RunningTask<unknown>).locals?.get(PIPE);
    if (!(pipe instanceof ProducerPipe)) {
      throw new TypeError("Cannot give a chunk: nobody iterates over this coroutine");
    }
    return pipe.offer(value, resume);
  }, "chunk");
  return Object.assign(give, { chunk: value }) as unknown as Chunk<T>;
}
