/**
 * The summary of the figures of several rounds.
 *
 * @module
 */

/** The median of several values, and their range. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws {RangeError} When there are no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[(sorted.length - 1) >> 1];
  const high = sorted[sorted.length >> 1];
  if (low === undefined || high === undefined) throw new RangeError("No values: expected some");
  return { median: (low + high) / 2, min: Math.min(...sorted), max: Math.max(...sorted) };
}

/**
 * Gives the value below which a share of the values lies.
 *
 * @param share From 0 to 1: 0.5 gives the median, or the lower one of the two in the middle.
 * @throws {RangeError} When there are no values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.floor((sorted.length - 1) * share)];
  if (value === undefined) throw new RangeError("No values: expected some");
  return value;
}
