/**
 * A stream of operations as an async iterator, for code outside of coroutines.
 *
 * @module
 */

import type { Operation } from "../operation.ts";
import { start } from "../scheduler.ts";
import type { Task, TaskScheduler } from "../task.ts";
import { toPromise } from "./to_promise.ts";

/** What {@linkcode AsyncView} wants to know beside the operations. */
export interface AsyncViewOptions {
  /** Whether an error is the end of the stream. */
  readonly isEnd?: (error: unknown) => boolean;
  /** Called once, when the stream has ended or its reader has left. */
  readonly onEnd?: () => void;
}

/** Waits for one operation after another, in a coroutine each. */
export class AsyncView<T> implements AsyncIterableIterator<T> {
  readonly #scheduler: TaskScheduler;
  readonly #operation: () => Operation<T>;
  readonly #options: AsyncViewOptions;
  readonly #pending = new Set<Task<T>>();
  #ended = false;

  constructor(scheduler: TaskScheduler, operation: () => Operation<T>, options: AsyncViewOptions) {
    this.#scheduler = scheduler;
    this.#operation = operation;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#ended) return DONE;
    const operation = this.#operation();
    const task = start(this.#scheduler, function* next() {
      return yield* operation;
    });
    this.#pending.add(task);
    try {
      return { done: false, value: await toPromise(task) };
    } catch (error) {
      if (task.state === "cancelled") return DONE; // by `return`
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
