/**
 * The checks of the arguments of a middleware, when it is made. Without them, a value that is no
 * app would fail at each request, and a misspelt option would be ignored.
 *
 * The middlewares of this folder call these checks.
 *
 * @module
 */

import { checkNames, optionError } from "../coroutine/mod.ts";
import { checkApp as checkWSGIApp, isPromise } from "../wsgi/mod.ts";

/**
 * Checks the app of a middleware.
 *
 * @param middleware The name of the middleware.
 * @param app The app.
 * @throws {TypeError} If the app is no function, or a class.
 */
export function checkApp(middleware: string, app: unknown): void {
  checkWSGIApp(`The app of ${middleware}`, app);
}

/**
 * Checks a callback of a middleware.
 *
 * @param middleware The name of the middleware.
 * @param name The name of the callback.
 * @param callback The callback.
 * @throws {TypeError} If the callback is no function.
 */
export function checkCallback(middleware: string, name: string, callback: unknown): void {
  if (typeof callback === "function") return;
  throw optionError(`${name} of ${middleware}`, callback, "a function");
}

/**
 * Checks an option whose members are values by name. The entries of a `Map` would be ignored.
 *
 * @param name The name of the option, with that of its middleware.
 * @param value Its value.
 * @param expected The expected kind, for the error message.
 * @throws {TypeError} If the value is no object of values by name.
 */
export function checkRecord(name: string, value: unknown, expected: string): void {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Map) && !isPromise(value);
  if (!isRecord) throw optionError(name, value, expected);
}

/**
 * Checks the names of the options of a middleware.
 *
 * @param middleware The name of the middleware.
 * @param options The options.
 * @param known The names of all its options.
 * @returns The options to read, as of {@linkcode checkNames}.
 * @throws {TypeError} If the options are no object, or a name is unknown.
 */
export function checkOptionNames<O>(
  middleware: string,
  options: O,
  known: readonly string[],
): O {
  return checkNames(`options of ${middleware}`, options, known, {
    complaint: `Unknown option of ${middleware}`,
  });
}
