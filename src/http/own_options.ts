/**
 * The options of a call, without the members that an app has added to `Object.prototype`.
 *
 * The parser and the writers call this.
 *
 * @module
 */

/** Copies the options that a caller has written. A member that all objects have is no option. */
export function ownOptions<O extends object>(options: O): O {
  return Object.assign(Object.create(null) as O, options);
}
