/**
 * Where in the source an operation was made: only noted for schedulers that debug.
 *
 * A suspended generator has no stack to look at, so the line is taken while its step still runs.
 *
 * @module
 */

import { currentStep } from "./current_step.ts";

const origins = new WeakMap<object, string>();

/** Notes where an operation is being made, if the coroutine that makes it is being debugged. */
export function noteOrigin(operation: object): void {
  if (currentStep()?.isTraced !== true) return;
  const line = callerOf(new Error().stack ?? "");
  if (line !== undefined) origins.set(operation, line);
}

/** The line that made an operation, as the runtime writes it. */
export function originOf(operation: object): string | undefined {
  return origins.get(operation);
}

/**
 * The first line of a stack that is outside of this layer; the last line if there is none.
 *
 * This file lies in the layer's own folder, and all other files of the layer lie in it or below it.
 */
function callerOf(stack: string): string | undefined {
  const lines = stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line));
  const layer = folderOf(lines[0]) ?? "";
  const caller = lines.find((line) => !folderOf(line)?.startsWith(layer)) ?? lines.at(-1);
  return caller?.trim().replace(/^at /, "");
}

/** Folder, file, line and column: the same in the stacks of V8 and JavaScriptCore. */
const PLACE = /([^\s(@]*[/\\])[\w.-]+:\d+:\d+\)?$/;

function folderOf(line: string | undefined): string | undefined {
  return PLACE.exec(line ?? "")?.[1];
}
