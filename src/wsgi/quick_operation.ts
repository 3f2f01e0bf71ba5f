/**
 * Operations that the server performs between two steps of the app, if they need not wait.
 *
 * Such an operation costs no turn of the scheduler: an app that answers many messages does so in one burst. In
 * any other coroutine than the app, it is an operation like others.
 *
 * The WebSockets make these. The app run completes them.
 *
 * @module
 */

import { type Abort, BaseOperation, type Resume } from "../coroutine/mod.ts";
import { NOT_YET } from "../coroutine/internal.ts";

export { NOT_YET };

/** An operation that is often complete at once: a subclass defines `name`, `attempt` and `begin`. */
export abstract class QuickOperation<T> extends BaseOperation<T> {
  /**
   * Completes the operation if no wait is necessary; it may throw the error of the operation.
   *
   * @returns The value, or {@linkcode NOT_YET}; then the call has had no effect.
   */
  abstract override attempt(): T | typeof NOT_YET;

  /** Begins to wait, as {@linkcode BaseOperation.start} does. */
  protected abstract begin(resume: Resume<T>): Abort | void;

  /** See {@linkcode BaseOperation.start}. */
  start(resume: Resume<T>): Abort | void {
    const value = this.attempt();
    if (value === NOT_YET) return this.begin(resume);
    resume.value(value);
  }
}
