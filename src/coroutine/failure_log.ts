/**
 * The last handler of an error: a line for the log, with the coroutine that failed.
 *
 * The error of a coroutine that is not joined must be visible. It must not end the process, because
 * other coroutines run there. `Scheduler` calls these functions, and the server does for the
 * coroutines of its apps.
 *
 * @module
 */

import { describeThrown } from "./error_text.ts";
import type { Task } from "./task.ts";
import { taskChain } from "./trace_tasks.ts";

/**
 * Names a coroutine that has failed, and the coroutines that added it.
 *
 * @param task The coroutine.
 * @returns The beginning of a line for the log, without the error.
 */
export function describeFailed(task: Task<unknown>): string {
  const [name, ...ancestors] = taskChain(task);
  const chain = ancestors.map((ancestor) => ` added by ${ancestor},`).join("");
  return `Coroutine ${name}${chain === "" ? "" : `,${chain}`} failed`;
}

/**
 * Indents the further lines of an entry, and escapes its control characters: no text of a client can look like
 * another entry, or command a terminal.
 *
 * @param text The entry.
 * @returns The entry; only its first line begins without a space.
 */
export function indentEntry(text: string): string {
  return text.replace(/(?![\t\n])[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  }).replace(/\n(?! )/g, "\n    ");
}

/**
 * Makes a log that loses no entry: one that the log of the user does not take goes to the log of the adapter.
 * The fault of the log itself is told there once.
 *
 * @param log The log of the user, which may throw or reject; `undefined` for none.
 * @param fallback The log of the adapter.
 * @returns A log that never throws.
 */
export function faultlessLog(
  log: ((entry: string) => unknown) | undefined,
  fallback: (entry: string) => void,
): (entry: string) => void {
  const write = (entry: string) => {
    try {
      fallback(entry);
    } catch {
      // No log is left: standard error is closed, or its disk is full.
    }
  };
  if (log === undefined) return write;
  let isTold = false;
  return (entry) =>
    callHook("log", () => log(entry), (fault) => {
      if (fault === "") return;
      write(entry);
      if (!isTold) write(indentEntry(fault.trimStart()));
      isTold = true;
    });
}

/**
 * Calls a hook of the user about an error. An error of the hook itself must not stop the caller.
 *
 * @param name The name of the hook.
 * @param call Calls the hook.
 * @param after Called once, when the hook has returned and its promise, if it gave one, has settled: with
 *   the fault of the hook, to be added to a log entry, or with an empty text.
 */
export function callHook(name: string, call: () => unknown, after: (fault: string) => void): void {
  let given: unknown;
  try {
    given = call();
    if (typeof (given as PromiseLike<unknown> | undefined)?.then !== "function") return after("");
  } catch (own) {
    return after(`\n${name} threw ${describeThrown(own)}`);
  }
  Promise.resolve(given).then(
    () => after(""),
    (own) => after(`\n${name} rejected with ${describeThrown(own)}`),
  );
}
