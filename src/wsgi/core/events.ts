/**
 * `environ.cogen.core.events`: the operations in cogen's style.
 *
 * Each call sets `environ.cogen.operation` and returns `""`. The app yields it, middleware passes it on,
 * and the server performs the operation; its result is then in `environ.cogen.result`.
 *
 * @module
 */

import {
  AddCoro,
  all,
  allSettled,
  Call,
  type Coroutine,
  type CoroutineFunction,
  type Deadline,
  Join,
  type Operation,
  race,
  type Scope,
  scope,
  Signal,
  type SignalOptions,
  Sleep,
  type Task,
  timeout,
  type TimeoutOptions,
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
  Sleep(deadline: Deadline): "" {
    return this.#cogen.plan(Sleep(deadline));
  }

  /** Waits for a signal; `environ.cogen.result` is its value, or an `OperationTimeout`. */
  WaitForSignal(name: unknown, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(WaitForSignal(name, options));
  }

  /** Signals; `environ.cogen.result` is the number of waiters that it woke. */
  Signal(name: unknown, value?: unknown, options: SignalOptions = {}): "" {
    return this.#cogen.plan(Signal(name, value, options));
  }

  /** Adds a coroutine; `environ.cogen.result` is its task. */
  AddCoro<A extends unknown[]>(
    fn: (...args: A) => Coroutine<unknown> | Operation<unknown> | PromiseLike<unknown>,
    ...args: A
  ): "" {
    return this.#cogen.plan(AddCoro(fn, ...args));
  }

  /** Waits for the end of a coroutine; `environ.cogen.result` is its result, or its error. */
  Join(task: Task<unknown>, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(Join(task, options));
  }

  /** Calls a function and waits for its operation or promise; `environ.cogen.result` is the result, or the error. */
  Call<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): "" {
    return this.#cogen.plan(Call(fn, ...args));
  }

  /** Waits for any operation, such as `queue.get()`; `environ.cogen.result` is its value, or its error. */
  perform(operation: Operation<unknown>): "" {
    return this.#cogen.plan(operation);
  }

  /** Waits for the first of several operations; `environ.cogen.result` is its value, or its error. */
  race(operations: readonly Operation<unknown>[]): "" {
    return this.#cogen.plan(race(operations));
  }

  /** Waits for several operations; `environ.cogen.result` is an array of their values, or the first error. */
  all(operations: readonly Operation<unknown>[]): "" {
    return this.#cogen.plan(all(operations));
  }

  /** Waits for several operations; `environ.cogen.result` is an array of their outcomes. */
  allSettled(operations: readonly Operation<unknown>[]): "" {
    return this.#cogen.plan(allSettled(operations));
  }

  /** Waits for an operation, at most until a deadline; `environ.cogen.result` is its value or an `OperationTimeout`. */
  timeout(operation: Operation<unknown>, deadline: Deadline): "" {
    return this.#cogen.plan(timeout(operation, deadline));
  }

  /** Waits for a promise; `environ.cogen.result` is its value, or the reason of its rejection. */
  until(promise: PromiseLike<unknown>): "" {
    return this.#cogen.plan(until(promise));
  }

  /** Runs a coroutine that ends its children when it ends; `environ.cogen.result` is its result, or its error. */
  scope(body: CoroutineFunction<[Scope], unknown>): "" {
    return this.#cogen.plan(scope(body));
  }
}
