/**
 * `environ.cogen.core.events`: the operations in cogen's style.
 *
 * Each call sets `environ.cogen.operation` and gives `""`, which passes through middleware to the
 * server; what came of it is then in `environ.cogen.result`.
 *
 * @module
 */

import {
  AddCoro,
  Call,
  type CoroutineFunction,
  type Deadline,
  Join,
  Signal,
  type SignalOptions,
  Sleep,
  type Task,
  type TimeoutOptions,
  WaitForSignal,
} from "../coroutine/mod.ts";
import type { Cogen } from "./cogen.ts";

/** The operations of one request's app, each to be yielded. */
export class Events {
  readonly #cogen: Cogen;

  /** @ignore */
  constructor(cogen: Cogen) {
    this.#cogen = cogen;
  }

  /** Waits for a time. */
  Sleep(deadline: Deadline): "" {
    return this.#cogen.plan(Sleep(deadline));
  }

  /** Waits for a signal; `environ.cogen.result` is its value, or an `OperationTimeout`. */
  WaitForSignal(name: unknown, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(WaitForSignal(name, options));
  }

  /** Signals; `environ.cogen.result` is how many were woken. */
  Signal(name: unknown, value?: unknown, options: SignalOptions = {}): "" {
    return this.#cogen.plan(Signal(name, value, options));
  }

  /** Adds a coroutine; `environ.cogen.result` is its task. */
  AddCoro<A extends unknown[]>(fn: CoroutineFunction<A, unknown>, ...args: A): "" {
    return this.#cogen.plan(AddCoro(fn, ...args));
  }

  /** Waits for the end of a coroutine; `environ.cogen.result` is its result, or its error. */
  Join(task: Task<unknown>, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(Join(task, options));
  }

  /** Runs a coroutine; `environ.cogen.result` is its result, or its error. */
  Call<A extends unknown[]>(fn: CoroutineFunction<A, unknown>, ...args: A): "" {
    return this.#cogen.plan(Call(fn, ...args));
  }
}
