/**
 * Promises of a user: how they are told from other values, and the handler that each one gets at once.
 *
 * `until` calls this, and so does all code that receives a promise before it waits for it.
 *
 * @module
 */

import { BASE } from "../base_members.ts";

/** Whether a value is a promise, or another object with a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { then } = value as { then?: unknown };
  return typeof then === "function" && then !== BASE.then;
}

/**
 * Gives a promise an empty handler for its rejection, at once.
 *
 * A wait may begin turns after its operation was made, but a runtime ends the process when a
 * rejection has no handler by the end of its turn. Objects that only have a `then` method get no
 * handler, because a call of `then` may start their work.
 *
 * @param value Any value. Only promises matter; all other values are ignored.
 */
export function handleRejection(value: unknown): void {
  if (value instanceof Promise) value.then(undefined, ignore);
}

function ignore(): void {}
