/**
 * A series of operations as an async iterator, for code outside of coroutines.
 *
 * Each call of `next` adds a coroutine that performs one operation; `return` cancels the coroutines
 * that still wait. The `values` methods of queues make these iterators.
 *
 * @module
 */

import type { Operation } from "../operation.ts";
import { start } from "../scheduler.ts";
import type { Coroutine, Task, TaskScheduler } from "../task.ts";
import { toPromise } from "./to_promise.ts";

/** Options of {@linkcode AsyncView}. */
export interface AsyncViewOptions {
  /** Whether an error means the regular end of the series, such as a closed queue. */
  readonly isEnd?: (error: unknown) => boolean;
  /**
   * A function that the view calls once: when the series has ended or failed, or when the consumer
   * has left its loop.
   */
  readonly onEnd?: () => void;
}

/** The coroutine of a call of `next`. One function for all calls: each one of its own would cost V8 a map. */
function* next<T>(operation: Operation<T>): Coroutine<T> {
  return yield* operation;
}

/** The async iterator over the values of a series of operations. */
export class AsyncView<T> implements AsyncIterableIterator<T> {
  readonly #scheduler: TaskScheduler;
  /** Makes the next operation. */
  readonly #makeOperation: () => Operation<T>;
  readonly #options: AsyncViewOptions;
  /** The coroutines of the calls of `next` that have not settled. */
  readonly #pending = new Set<Task<T>>();
  #ended = false;

  constructor(
    scheduler: TaskScheduler,
    makeOperation: () => Operation<T>,
    options: AsyncViewOptions,
  ) {
    this.#scheduler = scheduler;
    this.#makeOperation = makeOperation;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#ended) return DONE;
    const task = start(this.#scheduler, next, this.#makeOperation());
    this.#pending.add(task);
    try {
      return { done: false, value: await toPromise(task) };
    } catch (error) {
      if (task.state === "cancelled") return DONE; // `return` cancelled it
      this.#end();
      if (this.#options.isEnd?.(error)) return DONE;
      throw error;
    } finally {
      this.#pending.delete(task);
    }
  }

  return(): Promise<IteratorResult<T>> {
    for (const task of this.#pending) task.cancel();
    this.#end();
    return Promise.resolve(DONE);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd?.();
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
