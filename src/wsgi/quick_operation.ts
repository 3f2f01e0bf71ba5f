/**
 * Operations that the server performs between two steps of the app, if they need not wait.
 *
 * Such an operation costs no turn of the scheduler: an app that answers many messages, or reads a body that has
 * come, does so in one burst. In any other coroutine than the app, it is an operation like others.
 *
 * An operation that is bound to its request is its own {@linkcode BoundOperation}, so that a wait allocates
 * no other object than its iterator.
 *
 * The reads of `wsgi.input` and the operations of the WebSockets are of this kind. The app run completes them.
 *
 * @module
 */

import { type Operation, TimedOperation, type TimeoutOptions } from "../coroutine/mod.ts";
import { NOT_YET, notePerformed } from "../coroutine/internal.ts";
import { BoundIterator } from "./bound_operation.ts";
import { OperationNotPerformed } from "./not_performed.ts";
import type { Binding, BoundOperation } from "./waiting.ts";

export { NOT_YET };

/** An operation that is often complete at once: a subclass defines `name`, `attempt` and `begin`. */
export abstract class QuickOperation<T> extends TimedOperation<T> implements BoundOperation<T> {
  #binding: Binding | undefined;

  /**
   * Makes an operation of a request.
   *
   * @param options The options of a {@linkcode TimedOperation}.
   * @param of The name of the operation in error messages.
   * @param binding The request, if it is known; otherwise `environ.cogen.wait` sets it.
   */
  constructor(options?: TimeoutOptions, of?: string, binding?: Binding) {
    super(options, of);
    this.#binding = binding;
  }

  /**
   * Completes the operation if no wait is necessary; it may throw the error of the operation.
   *
   * @returns The value, or {@linkcode NOT_YET}; then the call has had no effect.
   */
  abstract override attempt(): T | typeof NOT_YET;

  /**
   * Performs the operation, if no wait is necessary.
   *
   * @returns The value, or {@linkcode NOT_YET}; then the call has had no effect.
   * @ignore
   */
  attemptNow(): T | typeof NOT_YET {
    const value = this.attempt();
    if (value !== NOT_YET) notePerformed(this);
    return value;
  }

  /**
   * Binds the operation, unless it is bound. Returns whether it belongs to this request now.
   *
   * @ignore
   */
  bindTo(binding: Binding): boolean {
    return (this.#binding ??= binding) === binding;
  }

  /** See {@linkcode BoundOperation}. */
  override [Symbol.iterator](): Iterator<"" & Operation<unknown>, T, unknown> {
    if (this.#binding !== undefined) return new BoundIterator(this, this.#binding);
    return super[Symbol.iterator]() as Iterator<"" & Operation<unknown>, T, unknown>;
  }

  /** See {@linkcode BoundOperation}. */
  then(): never {
    throw new OperationNotPerformed(this as Operation<unknown>, "awaited");
  }
}
