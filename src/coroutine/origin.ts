/**
 * The source line that made an operation, noted only for schedulers with the option `debug`.
 *
 * A suspended generator has no stack that could be read later, so the line is taken while its step
 * still runs, when the operation is constructed.
 *
 * Called by `BaseOperation` and by `Tracer`.
 *
 * @module
 */

import { currentStep } from "./current_step.ts";

const origins = new WeakMap<object, string>();

/** Notes the line that makes an operation, if the current step is traced. */
export function noteOrigin(operation: object): void {
  if (currentStep()?.isTraced !== true) return;
  const line = callerOf(new Error().stack ?? "");
  if (line !== undefined) origins.set(operation, line);
}

/** The line that made an operation, as the runtime writes it; `undefined` if none was noted. */
export function originOf(operation: object): string | undefined {
  return origins.get(operation);
}

/**
 * The first line of a stack that is outside of this layer; the last line if there is none.
 *
 * The trap: the layer's folder is taken from the first line, which is this file's. So this file
 * must stay at the top of the layer's folder.
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
