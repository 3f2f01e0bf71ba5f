/**
 * A scheduler on a manual clock, for the tests of coroutines.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ManualClock, Scheduler, type SchedulerOptions } from "../../src/coroutine/mod.ts";

export interface Stage {
  readonly clock: ManualClock;
  readonly scheduler: Scheduler;
  /** The errors of the tasks that are not joined. */
  readonly errors: unknown[];
  /** Advances the clock. The default is 0, so that only due turns and timers run. */
  run(milliseconds?: number): void;
  /** Fails if a coroutine, a deadline, a waiter or a timer is left. */
  assertEmpty(): void;
}

export function stage(options: Partial<SchedulerOptions> = {}): Stage {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const scheduler = new Scheduler({ clock, onError: (error) => errors.push(error), ...options });
  return {
    clock,
    scheduler,
    errors,
    run: (milliseconds = 0) => clock.advance(milliseconds),
    assertEmpty: () => {
      assertEquals(scheduler.stats(), { tasks: 0, ready: 0, deadlines: 0, signals: 0 });
      assertEquals(clock.idle, true);
    },
  };
}
