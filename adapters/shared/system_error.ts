/**
 * Errors of the system, as Node and Bun report them.
 *
 * @module
 */

/**
 * Reads the code of an error.
 *
 * @param error Any thrown value.
 * @returns The code, such as `EADDRINUSE`; `undefined` if the value has none.
 */
export function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}
