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

/** The type of a generator that waits, typed: it yields `""`, which passes through any middleware. */
export type Waiting<T> = Generator<"", T, unknown>;

/**
 * An operation that knows its request: a read of the body, or the result of `environ.cogen.wait`.
 *
 * One value works everywhere: `yield* op` (typed, and through any middleware), `yield op`,
 * `await environ.cogen.run(op)` in an async app, and inside `race`, `all`, `timeout` and `Call`.
 */
export interface BoundOperation<T> extends Operation<T> {
  /**
   * Makes `yield*` give `""` in the app, so that the wait passes through middleware, and the operation
   * itself in any other coroutine. The type of the value fits both.
   */
  [Symbol.iterator](): Iterator<"" & Operation<unknown>, T, unknown>;
  /**
   * Makes an `await` of the operation an error: write `await environ.cogen.run(op)`. An `await` cannot
   * perform the operation, because a `yield op` in an async generator awaits its operand as well.
   *
   * @throws {OperationNotPerformed} Always.
   */
  then(): never;
}

/** A typed wait that has yielded the empty block: the server gives it the outcome of its operation. */
export interface TypedWait {
  readonly operation: Operation<unknown>;
  /** The wait whose empty block comes to the server after that of this one. */
  after: TypedWait | undefined;
  /** Keeps the value of the operation. */
  settle(value: unknown): void;
  /** Keeps the error of the operation. */
  fail(error: unknown): void;
}

/** The request that a bound operation belongs to. */
export interface Binding {
  /** Whether the step that runs now is of another coroutine than the app. */
  readonly isElsewhere: boolean;
  /** Keeps a wait for the next empty block. */
  expect(wait: TypedWait): void;
  /** Forgets a wait that has ended without an outcome. */
  forget(wait: TypedWait): void;
}

/** Plans an operation for the next empty block. */
export interface Planner {
  /**
   * Keeps the operation, and returns the empty block to be yielded.
   *
   * @throws {OperationNotPerformed} If another operation is planned and was not performed.
   */
  plan(operation: Operation<unknown>): "";
}

/** Waits for an operation, in a generator app or in an async app. */
export interface Waiter {
  /** Waits in a generator: `yield* waiter.wait(operation)`. */
  wait<T>(operation: Operation<T>): BoundOperation<T>;
  /** Waits in an async function: `await waiter.run(operation)`. */
  run<T>(operation: Operation<T>): Promise<T>;
}
