/**
 * The time of day of a test.
 *
 * @module
 */

/** Runs a program while the time of day is another one, by so many milliseconds. */
export async function withOtherTimeOfDay<T>(
  offsetMs: number,
  run: () => T | Promise<T>,
): Promise<T> {
  const { now } = Date;
  Date.now = () => now.call(Date) + offsetMs;
  try {
    return await run();
  } finally {
    Date.now = now;
  }
}
