/**
 * Describes the coroutines of a scheduler and their waits, for the errors of a test.
 *
 * `virtual_time.ts` and `client.ts` call this.
 *
 * @module
 */

import { type Scheduler, traceTasks } from "../coroutine/mod.ts";

/**
 * Describes each coroutine that has not ended: its name, its wait, and the line of its `yield`.
 *
 * @param scheduler The scheduler; its option `debug` adds the lines.
 * @returns One line for each coroutine; empty if there is none.
 */
export function describeWaits(scheduler: Scheduler): string {
  return traceTasks(scheduler)
    .map(({ chain, state, waitsFor, from }) => {
      const wait = waitsFor === undefined ? `is ${state}` : `waits for ${waitsFor}`;
      return `- ${chain.join(" of ")} ${wait}${from === undefined ? "" : ` at ${from}`}`;
    })
    .join("\n");
}
