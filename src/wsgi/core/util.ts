/**
 * `environ.cogen.core.util`: the priorities, as in `cogen.core.util`.
 *
 * @module
 */

import { priority, withPriority } from "../../coroutine/mod.ts";
import type { Planner } from "../waiting.ts";

/** The priorities, and an operation with one. */
export class Util {
  /** The priorities: `DEFAULT`, `LAST`, `CORO`, `OP`, `FIRST`, `NOPRIO`, `PRIO`. */
  readonly priority: typeof priority = priority;
  readonly #cogen: Planner;

  /**
   * @param cogen Keeps each operation until the server performs it.
   * @ignore
   */
  constructor(cogen: Planner) {
    this.#cogen = cogen;
  }

  /** Waits for an operation with a priority; `environ.cogen.result` is its value, or its error. */
  withPriority(...args: Parameters<typeof withPriority>): "" {
    return this.#cogen.plan(withPriority(...args));
  }
}
