/**
 * `environ.cogen.core.events`: the operations in cogen's style.
 *
 * Each call sets `environ.cogen.operation` and returns `""`. The app yields it, middleware passes it on,
 * and the server performs the operation; its result is then in `environ.cogen.result`.
 *
 * Each call passes all its arguments on, so that the operation itself refuses wrong ones.
 *
 * @module
 */

import {
  AddCoro,
  all,
  allSettled,
  Call,
  type Coroutine,
  Join,
  type Operation,
  race,
  scope,
  Signal,
  Sleep,
  timeout,
  until,
  WaitForSignal,
} from "../../coroutine/mod.ts";
import type { Planner } from "../waiting.ts";

/** The operations of one request's app, each to be yielded. */
export class Events {
  readonly #cogen: Planner;

  /**
   * @param cogen Keeps each operation until the server performs it.
   * @ignore
   */
  constructor(cogen: Planner) {
    this.#cogen = cogen;
  }

  /** Waits for a time, or until a time. */
  Sleep(...args: Parameters<typeof Sleep>): "" {
    return this.#cogen.plan(Sleep(...args));
  }

  /** Waits for a signal; `environ.cogen.result` is its value, or an `OperationTimeout`. */
  WaitForSignal(...args: Parameters<typeof WaitForSignal>): "" {
    return this.#cogen.plan(WaitForSignal(...args));
  }

  /** Signals; `environ.cogen.result` is the number of waiters that it woke. */
  Signal(...args: Parameters<typeof Signal>): "" {
    return this.#cogen.plan(Signal(...args));
  }

  /** Adds a coroutine; `environ.cogen.result` is its task. */
  AddCoro<A extends unknown[]>(
    fn: (...args: A) => Coroutine<unknown> | Operation<unknown> | PromiseLike<unknown>,
    ...args: A
  ): "" {
    return this.#cogen.plan(AddCoro(fn, ...args));
  }

  /** Waits for the end of a coroutine; `environ.cogen.result` is its result, or its error. */
  Join(...args: Parameters<typeof Join>): "" {
    return this.#cogen.plan(Join(...args));
  }

  /**
   * Calls a function and waits for its operation or promise; `environ.cogen.result` is the result, or the error.
   */
  Call<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): "" {
    return this.#cogen.plan(Call(fn, ...args));
  }

  /** Waits for any operation, such as `queue.get()`; `environ.cogen.result` is its value, or its error. */
  perform(operation: Operation<unknown>): "" {
    return this.#cogen.plan(operation);
  }

  /** Waits for the first of several operations; `environ.cogen.result` is its value, or its error. */
  race(...args: Parameters<typeof race>): "" {
    return this.#cogen.plan(race(...args));
  }

  /** Waits for several operations; `environ.cogen.result` is an array of their values, or the first error. */
  all(...args: Parameters<typeof all>): "" {
    return this.#cogen.plan(all(...args));
  }

  /** Waits for several operations; `environ.cogen.result` is an array of their outcomes. */
  allSettled(...args: Parameters<typeof allSettled>): "" {
    return this.#cogen.plan(allSettled(...args));
  }

  /**
   * Waits for an operation, at most until a deadline; `environ.cogen.result` is its value or an `OperationTimeout`.
   */
  timeout(...args: Parameters<typeof timeout>): "" {
    return this.#cogen.plan(timeout(...args));
  }

  /** Waits for a promise; `environ.cogen.result` is its value, or the reason of its rejection. */
  until(...args: Parameters<typeof until>): "" {
    return this.#cogen.plan(until(...args));
  }

  /** Runs a coroutine that ends its children when it ends; `environ.cogen.result` is its result, or its error. */
  scope(...args: Parameters<typeof scope>): "" {
    return this.#cogen.plan(scope(...args));
  }
}
