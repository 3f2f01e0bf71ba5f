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

import { currentStep, type OperationWatcher } from "./current_step.ts";

/**
 * The errors that were made together with operations. The runtime writes the stack of an error when it is first
 * read, and that costs far more than the error; few lines are ever asked for.
 */
const ORIGIN = Symbol("origin");
/** Those of objects that take no further member, such as frozen ones. */
const originsApart = new WeakMap<object, Error>();

/** An operation with its error. A member costs a third of what an entry of a `WeakMap` does. */
interface Noted {
  [ORIGIN]?: Error;
}

function originError(operation: object): Error | undefined {
  return (operation as Noted)[ORIGIN] ?? originsApart.get(operation);
}

/** Notes the line that makes an operation, if the current step is traced. */
export function noteOrigin(operation: object): void {
  const step = currentStep();
  if (step?.isTraced !== true) return;
  const origin = new Error();
  (operation as Noted)[ORIGIN] = origin;
  const watcher = step.operationWatcher;
  if (watcher === undefined) return;
  watcher.watch(operation, origin);
  watchers.set(operation, watcher);
}

const watchers = new WeakMap<object, OperationWatcher>();
/**
 * Becomes true with the first scheduler that watches its operations, and stays so: before, nothing is looked up.
 */
let isWatching = false;

/** Begins to look up the watchers of operations. */
export function watchOperations(): void {
  isWatching = true;
}

/** Notes that an operation is performed, or is part of one that is. */
export function notePerformed(operation: object): void {
  if (isWatching) watchers.get(operation)?.performed(operation);
}

/**
 * Notes the line that waits for an operation, unless the line that made it is known: after an `await`, no step
 * runs, and the operation was made without a note.
 */
export function noteLateOrigin(operation: object): void {
  if (originError(operation) === undefined) originsApart.set(operation, new Error());
}

/**
 * Gives the line that made an operation, as the runtime writes it; `undefined` if no line was
 * noted.
 */
export function originOf(operation: object): string | undefined {
  return originIn(originError(operation));
}

/** Gives the line of the app in the stack of an error. */
export function originIn(error: Error | undefined): string | undefined {
  return callerOf(error?.stack ?? "");
}

/**
 * Finds the line of the app in a stack: the first one outside of this package that is inside the step that runs,
 * or else the first one outside of this layer.
 *
 * The trap: the first line of the stack is a line of this file, and gives the folders of the layer and of the
 * package. So this file must stay at the top of the folder of its layer.
 */
function callerOf(stack: string): string | undefined {
  const lines = stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line));
  const layer = folderOf(lines[0]) ?? "";
  const sources = layer.replace(/[^/\\]+[/\\]$/, "");
  const end = lines.findIndex((line) => STEPPER.test(line) && folderOf(line)?.startsWith(sources));
  const step = end < 0 ? lines : lines.slice(0, end);
  const isOutside = (folder: string) => (line: string) => !folderOf(line)?.startsWith(folder);
  const caller = step.find(isOutside(sources)) ?? step.find(isOutside(layer)) ?? lines.at(-1);
  return caller?.trim().replace(/^at /, "");
}

/** The files that call the coroutines and the apps: lines after them are no part of the step. */
const STEPPER = /[/\\](?:running_task|first_step|app_run|app_closing|ready_steps)\.\w+:\d+:\d+\)?$/;

/**
 * Matches folder, file, line and column. These are the same in the stacks of V8 and JavaScriptCore.
 */
const PLACE = /([^\s(@]*[/\\])[\w.-]+:\d+:\d+\)?$/;

function folderOf(line: string | undefined): string | undefined {
  return PLACE.exec(line ?? "")?.[1];
}
