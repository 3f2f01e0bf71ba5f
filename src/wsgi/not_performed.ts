/**
 * The error of an operation that was planned and never performed.
 *
 * @module
 */

import type { Operation } from "../coroutine/mod.ts";

/**
 * How an operation was lost:
 *
 * - `planned`: a call in cogen's style was not yielded, or its `""` did not reach the server.
 * - `kept`: a typed wait has yielded `""`, and a middleware did not pass it on.
 * - `awaited`: an operation was awaited as if it were a promise.
 */
export type Loss = "planned" | "kept" | "awaited";

/** An operation of an app was not performed. The message says which one, and what to write instead. */
export class OperationNotPerformed extends Error {
  /** `OperationNotPerformed`. */
  override readonly name = "OperationNotPerformed";
  /** The operation. */
  readonly operation: Operation<unknown>;

  /**
   * Makes the error; its message names the operation.
   *
   * @param operation The operation.
   * @param loss How it was lost.
   */
  constructor(operation: Operation<unknown>, loss: Loss) {
    super(messageOf(operation.name, loss));
    this.operation = operation;
  }
}

function messageOf(name: string, loss: Loss): string {
  switch (loss) {
    case "planned":
      return `${name} was planned and was not performed: write \`yield\`, without a star, before ` +
        "each call of environ.cogen.core, environ.cogen.call and environ.cogen.input; in an async " +
        "function write `await environ.cogen.run(operation)`, and in a coroutine of your own " +
        '`yield* operation`. A middleware must pass each "" on';
    case "kept":
      return `${name} was not performed: a middleware took the empty block and did not pass it on`;
    case "awaited":
      return `${name} was awaited and was not performed: write \`await environ.cogen.run(operation)\`, ` +
        "or `yield* operation`";
  }
}
