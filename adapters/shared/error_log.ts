/**
 * The error log of every adapter.
 *
 * @module
 */

/**
 * Writes one line to standard error.
 *
 * @param line The line, without its line feed.
 */
export function logError(line: string): void {
  console.error(line);
}
