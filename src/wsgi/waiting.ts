/**
 * The two styles of waiting inside an app, as the parts of `environ.cogen` need them.
 *
 * The input, the operations in cogen's style and the file wrapper wait for the app, but need
 * nothing else of `environ.cogen`. These modules import only the interfaces here, so that no
 * modules import each other in a circle.
 *
 * @module
 */

import type { Operation } from "../coroutine/mod.ts";

/** A typed wait: yields `""`, which passes through any middleware, and returns the result. */
export type Waiting<T> = Generator<"", T, unknown>;

/** Plans an operation for the next empty block. */
export interface Planner {
  /** Keeps the operation, and returns the empty block to be yielded. */
  plan(operation: Operation<unknown>): "";
}

/** Waits for an operation, in a generator app or in an async app. */
export interface Waiter {
  /** Waits in a generator: `yield* waiter.wait(operation)`. */
  wait<T>(operation: Operation<T>): Waiting<T>;
  /** Waits in an async function: `await waiter.run(operation)`. */
  run<T>(operation: Operation<T>): Promise<T>;
}
