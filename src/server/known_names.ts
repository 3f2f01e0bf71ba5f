/**
 * Refuses members that an options object must not have.
 *
 * Without this check a misspelt option, even a misspelt `tls`, would be ignored silently. Called by
 * each function that checks options of the server.
 *
 * @module
 */

/**
 * Checks the names of an object's own members.
 *
 * @param given The options of a user.
 * @param known Every name that is allowed.
 * @param complaint The beginning of the error's message, such as `Unknown option`.
 * @throws {TypeError} For the first name that is not allowed.
 */
export function checkKnownNames(given: object, known: readonly string[], complaint: string): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new TypeError(`${complaint} "${name}": expected one of ${known.join(", ")}`);
  }
}
