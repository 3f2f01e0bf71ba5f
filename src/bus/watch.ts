/**
 * The watch of a log or a queue, over a transport that may fail.
 *
 * A transport of a user may throw where it should give a function, or give a promise. The watch begins in the
 * call; one that fails is tried again, because a reader without news would wait for ever.
 *
 * `tail.ts`, `takers.ts` and `signals.ts` call this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { BusSettings } from "./settings.ts";
import { pause, pauseMs } from "./time.ts";

/**
 * Begins a watch, and begins it again after a failure. The first failure is reported.
 *
 * @param begin Begins the watch, and gives the function that ends it.
 * @param onBegun Called after a watch that has begun late: changes may have been missed.
 * @returns A function that ends the watch.
 */
export function keepWatch(
  { clock, report }: BusSettings,
  begin: () => unknown,
  onBegun: () => void,
): () => void {
  let isOver = false;
  let end: unknown;
  const finish = () => {
    try {
      if (typeof end === "function") end();
      else if (end !== undefined) throw optionError("The result of a watch", end, "a function");
    } catch (error) {
      report(error);
    }
    end = undefined;
  };
  const run = async () => {
    for (let failures = 0; !isOver; await pause(clock, pauseMs(failures))) {
      try {
        const begun = begin();
        end = typeof begun === "function" ? begun : await begun;
        if (isOver) finish();
        else if (end !== begun || failures > 0) onBegun();
        return;
      } catch (error) {
        if (failures++ === 0) report(error);
      }
    }
  };
  void run();
  return () => {
    isOver = true;
    finish();
  };
}
