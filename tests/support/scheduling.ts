/** A scheduler on a clock moved by hand, for the tests of coroutines. */

import { assertEquals } from "@std/assert";
import { ManualClock, Scheduler, type SchedulerOptions } from "../../src/coroutine/mod.ts";

export interface Stage {
  readonly clock: ManualClock;
  readonly scheduler: Scheduler;
  /** The errors that nobody joined. */
  readonly errors: unknown[];
  /** Moves time, by default only through what is due now. */
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
