/**
 * Coroutine locals: variables with a value for each coroutine, inherited by its children.
 *
 * The values belong to the task, not to the host's async context. So they are the same on every
 * runtime, a coroutine without locals has no costs, and a value can be read while a step of the
 * coroutine runs.
 *
 * @module
 */

import { currentStep } from "./current_step.ts";

/** A variable with a value for each coroutine. */
export interface Local<T> {
  /**
   * The running coroutine's value: its own; else the value that its parent had when it added the
   * coroutine; else the initial value. Outside of any coroutine it is the initial value.
   *
   * Setting it throws a `TypeError` outside of a coroutine, such as after an `await`.
   */
  value: T;
}

class CoroutineLocal<T> implements Local<T> {
  readonly #initial: T;

  constructor(initial: T) {
    this.#initial = initial;
  }

  get value(): T {
    const values = currentStep()?.locals;
    return values?.has(this) ? values.get(this) as T : this.#initial;
  }

  set value(value: T) {
    const step = currentStep();
    if (step === undefined) throw new TypeError("Cannot set a coroutine local: no coroutine runs");
    step.locals = new Map(step.locals).set(this, value);
  }
}

/**
 * Makes a variable with a value for each coroutine.
 *
 * A child starts with the value of its parent at that moment. Later changes by either are not seen
 * by the other. `yield* Call(fn)` stays in the same coroutine; `yield Call(fn)` makes a child.
 *
 * @param initial The value in coroutines that have not set or inherited one.
 * @returns The variable.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AddCoro, Join, local, ManualClock, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const user = local("nobody");
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   user.value = "alice";
 *   const child = yield* AddCoro(function* () {
 *     yield* Sleep(1);
 *     return user.value;
 *   });
 *   user.value = "bob";
 *   return [user.value, yield* Join(child)];
 * });
 * clock.advance(1000);
 * assertEquals(task.result, ["bob", "alice"]);
 * assertEquals(user.value, "nobody");
 * ```
 */
export function local<T>(initial: T): Local<T> {
  return new CoroutineLocal(initial);
}
