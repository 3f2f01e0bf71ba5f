/**
 * The error of a wrong call by an embedder: an argument of another kind, as a program without types may pass it.
 *
 * The public functions of this layer throw it. It tells the type alone, since a value may come from a client.
 *
 * @module
 */

/**
 * Makes the error.
 *
 * @param name The argument and its function.
 * @param value The argument.
 * @param expected The kind to pass instead.
 * @returns The error.
 */
export function wrongArgument(name: string, value: unknown, expected: string): TypeError {
  return new TypeError(`${name} is of the type ${typeof value}: expected ${expected}`);
}

/**
 * Checks an argument that is a text.
 *
 * @param name The argument and its function.
 * @param value The argument.
 * @returns The text.
 * @throws {TypeError} If it is no string.
 */
export function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw wrongArgument(name, value, "a string; decode bytes as latin-1");
}
