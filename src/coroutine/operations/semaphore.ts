/**
 * A semaphore limits the number of coroutines that run a section of code at the same time.
 *
 * A released permit goes directly to the `acquire` that has waited longest, so that a later
 * `acquire` cannot take it first.
 *
 * @module
 */

import { bindMethods } from "../bind_methods.ts";
import { checkFunction, NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import { Call } from "./call.ts";
import { requireWhole } from "./counts.ts";
import type { Operation } from "../operation.ts";
import type { Coroutine, CoroutineFunction } from "../task.ts";
import { timed, type TimeoutOptions } from "../timed_operation.ts";
import { Waiters } from "../kernel/waiters.ts";

/**
 * Gives permits to at most a fixed number of coroutines; all others wait, first come, first served.
 *
 * @example Two at a time
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Semaphore, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const semaphore = new Semaphore(2);
 * for (let n = 0; n < 5; n++) {
 *   scheduler.add(function* () {
 *     yield* semaphore.hold(function* () {
 *       yield* Sleep(1);
 *     });
 *   });
 * }
 * clock.advance(2000);
 * assertEquals(scheduler.stats().tasks, 1);
 * clock.advance(1000);
 * assertEquals(scheduler.stats().tasks, 0);
 * ```
 */
export class Semaphore {
  /** The number of permits: at most this many coroutines hold one at a time. */
  readonly permits: number;
  readonly #waiters = new Waiters<void>();
  /** The number of permits that no coroutine holds. It is 0 while coroutines wait. */
  #available: number;

  /**
   * Makes a semaphore with all permits available.
   *
   * @param permits The number of permits; default 1, which makes it a lock.
   * @throws {RangeError} If `permits` is not a whole number, 1 or more.
   */
  constructor(permits: number = 1) {
    requireWhole("give", permits, "permits", 1);
    this.permits = this.#available = permits;
    bindMethods(this, "acquire", "acquireNowait", "release", "hold");
  }

  /** The number of permits that are available now. */
  get available(): number {
    return this.#available;
  }

  /** The number of coroutines that wait for a permit. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for a permit. The caller must {@linkcode release} the permit. With {@linkcode hold} this
   * is not necessary.
   *
   * @param options `timeout`, `priority`.
   * @returns An operation without a value.
   * @throws {OperationTimeout} At the `yield`, if the timeout expires.
   */
  acquire(options: TimeoutOptions = NO_OPTIONS): Operation<void> {
    if (arguments.length > 1) refuseSurplus("Semaphore.acquire", arguments, 1);
    return timed("Semaphore.acquire", options, (resume) => {
      if (!this.acquireNowait()) return this.#waiters.add(resume, undefined);
      resume.value();
    });
  }

  /**
   * Takes a permit without waiting.
   *
   * @returns Whether a permit was available.
   */
  acquireNowait(): boolean {
    if (this.#available === 0) return false;
    this.#available--;
    return true;
  }

  /**
   * Gives a permit back. The coroutine that has waited longest, if there is one, gets it.
   *
   * @throws {RangeError} If no permit is held.
   */
  release(): void {
    if (this.#available === this.permits) {
      throw new RangeError("Cannot release a permit: no coroutine holds one");
    }
    const waiter = this.#waiters.take();
    if (waiter === undefined) this.#available++;
    else waiter.resume.value();
  }

  /**
   * Runs a coroutine with a permit, and gives the permit back however the coroutine ends.
   *
   * @param fn Usually a generator function.
   * @param args Its arguments.
   * @returns An operation that gives the coroutine's result, or throws its error at the `yield`.
   */
  hold<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Operation<T> {
    checkFunction("The coroutine of Semaphore.hold", fn);
    return Call(hold<A, T>, this, this.acquire({ timeout: -1 }), fn, args);
  }
}

/** The coroutine of {@linkcode Semaphore.hold}. */
function* hold<A extends unknown[], T>(
  semaphore: Semaphore,
  acquire: Operation<void>,
  fn: CoroutineFunction<A, T>,
  args: A,
): Coroutine<T> {
  yield* acquire;
  try {
    return yield* fn(...args);
  } finally {
    semaphore.release();
  }
}
