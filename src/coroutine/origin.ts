/**
 * The source line that made an operation. It is noted only for schedulers with the option `debug`.
 *
 * A suspended generator has no stack that could be read later. So the line is read when the
 * operation is made, while the step still runs.
 *
 * `BaseOperation` and `Tracer` call this.
 *
 * @module
 */

import { currentStep } from "./current_step.ts";

/**
 * The errors that were made together with operations. The runtime writes the stack of an error when it is first
 * read, and that costs far more than the error; few lines are ever asked for.
 */
const origins = new WeakMap<object, Error>();

/** Notes the line that makes an operation, if the current step is traced. */
export function noteOrigin(operation: object): void {
  if (currentStep()?.isTraced === true) origins.set(operation, new Error());
}

/**
 * Gives the line that made an operation, as the runtime writes it; `undefined` if no line was
 * noted.
 */
export function originOf(operation: object): string | undefined {
  return callerOf(origins.get(operation)?.stack ?? "");
}

/**
 * Finds the first line of a stack that is outside of this layer, or the last line if all are
 * inside.
 *
 * The trap: the first line of the stack is a line of this file, and gives the folder of the layer.
 * So this file must stay at the top of that folder.
 */
function callerOf(stack: string): string | undefined {
  const lines = stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line));
  const layer = folderOf(lines[0]) ?? "";
  const caller = lines.find((line) => !folderOf(line)?.startsWith(layer)) ?? lines.at(-1);
  return caller?.trim().replace(/^at /, "");
}

/**
 * Matches folder, file, line and column. These are the same in the stacks of V8 and JavaScriptCore.
 */
const PLACE = /([^\s(@]*[/\\])[\w.-]+:\d+:\d+\)?$/;

function folderOf(line: string | undefined): string | undefined {
  return PLACE.exec(line ?? "")?.[1];
}
