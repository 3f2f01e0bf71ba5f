/**
 * The last handler of an error: a line for the log, with the coroutine that failed.
 *
 * The error of a coroutine that is not joined must be visible. It must not end the process, because
 * other coroutines run there. `Scheduler` calls these functions, and the server does for the
 * coroutines of its apps.
 *
 * @module
 */

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

/** The text of an error with its stack; never throws. */
export function describeThrown(error: unknown): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const summary = `${error.name}: ${error.message}`;
    const stack = String(error.stack ?? "");
    // Some engines leave the message out of the stack, and a stack may be empty.
    return stack.includes(error.message) && stack !== "" ? stack : `${summary}\n${stack}`;
  } catch {
    return "a value without text";
  }
}
