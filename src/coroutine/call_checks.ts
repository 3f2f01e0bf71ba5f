/**
 * The checks of the calls that make operations: their options, and the number of their arguments.
 *
 * A misspelt option and an argument too many would otherwise have no effect and give no message. The
 * checks are on the path of every wait. So a call without options compares only one reference, and a
 * call with options looks at each of their names once.
 *
 * The trap: an app can add a member to `Object.prototype`, and every object literal has this member
 * then. Only the members that a caller has written count as options.
 *
 * The functions and the constructors of operations call these checks.
 *
 * @module
 */

import { isPlain } from "./base_members.ts";
import { checkNames, optionError, showValue } from "./option_checks.ts";

/** The options of a call that passes none. It inherits nothing, so a changed prototype is without effect. */
export const NO_OPTIONS: object = Object.freeze(Object.create(null) as object);

/**
 * Checks the names of the options of an operation.
 *
 * @param of The name of the operation, for the error message.
 * @param options The options of the caller.
 * @param known Every name that is allowed.
 * @returns The options to read: the same object, except if `Object.prototype` was changed.
 * @throws {TypeError} If the options are no object, or have another name.
 */
export function checkedOptions<O extends object>(
  of: string,
  options: O,
  known: readonly string[],
): O {
  if (options === NO_OPTIONS) return options;
  if (typeof options === "object" && options !== null) {
    let areKnown = false;
    for (const name in options) {
      areKnown = known.includes(name) && Object.hasOwn(options, name);
      if (!areKnown) break;
    }
    if (areKnown) return options;
  }
  return checkNames(`The last argument of ${of}`, options, known, {
    complaint: `Unknown option of ${of}`,
  });
}

/**
 * Refuses arguments behind the last one. The index and the array that `Array.prototype.map` adds may
 * stand there, so that `promises.map(until)` works.
 *
 * @param of The name of the operation, for the error message.
 * @param given All arguments of the call, more than `count`.
 * @param count The number of arguments that the operation takes.
 * @param advice The call to write instead, if there is one.
 * @throws {TypeError} If there is another argument.
 */
export function refuseSurplus(
  of: string,
  given: ArrayLike<unknown>,
  count: number,
  advice?: string,
): void {
  const [index, array] = [given[count], given[count + 1]];
  if (given.length === count + 2 && typeof index === "number" && Array.isArray(array)) return;
  const arguments_ = count === 1 ? "1 argument" : `${count} arguments`;
  const expected = `no argument there; ${of} takes ${arguments_}`;
  const instead = advice === undefined ? "" : `. Write ${advice}`;
  throw optionError(`Argument ${count + 1} of ${of}`, index, `${expected}${instead}`);
}

/**
 * Checks a function that an operation calls later.
 *
 * @param name The name of the argument, for the error message.
 * @param value The argument.
 * @param expected The expected function. Default: a generator function.
 * @throws {TypeError} If it is no function.
 */
export function checkFunction(
  name: string,
  value: unknown,
  expected: string = "a generator function, not called",
): void {
  if (typeof value !== "function") throw optionError(name, value, expected);
}

/**
 * Whether a value is an object literal with the names of options alone.
 *
 * @param value Any value.
 * @param known The names of the options.
 */
export function areOnlyOptions(value: unknown, known: readonly string[]): value is object {
  if (typeof value !== "object" || value === null || !isPlain(value)) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => known.includes(name));
}

/**
 * Refuses options in the place of a key. A key is compared by identity, so an object literal with the names
 * of options alone is no key.
 *
 * @param of The name of the operation, for the error message.
 * @param key The key that the caller has passed.
 * @param known The names of the options of the operation.
 * @throws {TypeError} If the key is such an object.
 */
export function refuseOptionsAsKey(of: string, key: unknown, known: readonly string[]): void {
  if (!areOnlyOptions(key, known)) return;
  throw optionError(`The key of ${of}`, key, `a key; write ${of}(undefined, ${showValue(key)})`);
}

/**
 * Checks an argument that is a scheduler.
 *
 * @param of The name of the function, for the error message.
 * @param scheduler The argument.
 * @throws {TypeError} If it is no scheduler.
 */
export function checkScheduler(of: string, scheduler: unknown): void {
  if (typeof (Object(scheduler) as { add?: unknown }).add === "function") return;
  throw optionError(`The argument of ${of}`, scheduler, "a scheduler, such as server.scheduler");
}
