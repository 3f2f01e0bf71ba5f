/**
 * Promises of a user: how they are told from other values, and the handler that each one gets at once.
 *
 * `until` calls this, and so does all code that receives a promise before it waits for it.
 *
 * @module
 */

import { BASE, isPlain } from "../base_members.ts";

const { then } = Promise.prototype;

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
  try {
    if (value instanceof Promise) then.call(value, undefined, ignore);
  } catch {
    // A proxy that was revoked, and a promise of a broken class, cannot get a handler.
  }
}

/**
 * Gives a handler to each promise in a value that is refused, such as header fields, an array of blocks or options.
 *
 * @param value A value of a user.
 * @param depth The depth of arrays and plain objects within each other whose members count.
 */
export function handleRejectionsIn(value: unknown, depth: number = 2): void {
  handleRejection(value);
  try {
    if (depth === 0 || typeof value !== "object" || value === null) return;
    const members: Iterable<unknown> = Array.isArray(value)
      ? value
      : isPlain(value)
      ? Object.values(value)
      : [];
    for (const member of members) handleRejectionsIn(member, depth - 1);
  } catch {
    // A list that cannot be read is refused for that reason.
  }
}

function ignore(): void {}
