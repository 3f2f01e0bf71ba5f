/**
 * The messages of this package, told from those of an app that runs in the same process or thread.
 *
 * The trap: an app, or a library that it uses, may send messages of any shape, such as `process.send("ready")` for
 * a process manager. They reach the supervisor or the main thread on the same way.
 *
 * `threads.ts` and `processes.ts` call this.
 *
 * @module
 */

const KEY = "cogen-wsgi";

/** Marks a message. */
export function markMessage(message: object): object {
  return { [KEY]: message };
}

/** Takes off the mark; `undefined` for a message of the app. */
export function unmarkMessage(data: unknown): object | undefined {
  const isMarked = typeof data === "object" && data !== null && Object.hasOwn(data, KEY);
  return isMarked ? (data as { [KEY]: object })[KEY] : undefined;
}
