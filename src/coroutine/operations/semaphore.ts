/**
 * A semaphore: so many coroutines at a time.
 *
 * @module
 */

import { Call } from "./call.ts";
import type { Operation } from "../operation.ts";
import type { Coroutine, CoroutineFunction } from "../task.ts";
import { timed, type TimeoutOptions } from "../timed_operation.ts";
import { Waiters } from "../kernel/waiters.ts";

/**
 * Lets a number of coroutines pass, and the others wait their turn: first come, first served.
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
  /** How many may hold it at a time. */
  readonly permits: number;
  readonly #waiters = new Waiters<void>();
  #available: number;

  /**
   * Makes a semaphore that nobody holds.
   *
   * @param permits How many may hold it at a time; default 1, which makes it a lock.
   * @throws {RangeError} If it is no whole number, 1 or more.
   */
  constructor(permits: number = 1) {
    if (!Number.isInteger(permits) || permits < 1) {
      throw new RangeError(`Cannot give ${permits} permits: expected a whole number, 1 or more`);
    }
    this.permits = this.#available = permits;
  }

  /** How many could pass now. */
  get available(): number {
    return this.#available;
  }

  /** How many coroutines wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for a permit. Whoever has one must {@linkcode release} it; {@linkcode hold} does that.
   *
   * @param options `timeout`, `priority`.
   * @returns An operation that gives nothing.
   * @throws {OperationTimeout} Where it is waited for, when the time is out.
   */
  acquire(options: TimeoutOptions = {}): Operation<void> {
    return timed("Semaphore.acquire", options, (resume) => {
      if (!this.acquireNowait()) return this.#waiters.add(resume, undefined);
      resume.value();
    });
  }

  /**
   * Takes a permit if there is one.
   *
   * @returns Whether there was.
   */
  acquireNowait(): boolean {
    if (this.#available === 0) return false;
    this.#available--;
    return true;
  }

  /**
   * Gives a permit back: to the one who has waited longest, if anybody waits.
   *
   * @throws {RangeError} If none is held.
   */
  release(): void {
    if (this.#available === this.permits) throw new RangeError("Cannot release: none is held");
    const waiter = this.#waiters.take();
    if (waiter === undefined) this.#available++;
    else waiter.resume.value();
  }

  /**
   * Runs a coroutine with a permit, and gives it back whatever happens.
   *
   * @param fn Usually a generator function.
   * @param args Its arguments.
   * @returns An operation that gives the coroutine's result; its error is thrown where it is waited for.
   */
  hold<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Operation<T> {
    const acquire = this.acquire({ timeout: -1 });
    const release = () => this.release();
    return Call(function* hold(): Coroutine<T> {
      yield* acquire;
      try {
        return yield* fn(...args);
      } finally {
        release();
      }
    });
  }
}
