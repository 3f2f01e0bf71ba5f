/**
 * The growth of a program's time with the size of its input.
 *
 * Strategy: sixteen runs with a small input take as long as one run with an input of sixteen times the size, if
 * the time is linear. Both are measured in turn, and the shortest times count: a machine that is busy only makes
 * times longer. A measurement ends as soon as the growth is small enough, so that only a program whose time grows
 * faster is measured to the end, whatever the speed of the machine.
 *
 * @module
 */

/** The ratio of the sizes. */
const RATIO = 16;
/** The size of the small input. */
const SMALL = 1000;
/** The measurements after which the growth counts, if it is not small enough before. */
const MAX_ROUNDS = 30;

/**
 * Measures the exponent of the growth: 1 for a time in proportion to the size, 2 for one in proportion to its
 * square.
 *
 * @param run The program.
 * @param inputOf Makes an input of about this size.
 * @param enough The exponent at which the measurement ends.
 * @param rounds The number of measurements at most.
 * @returns The smallest exponent that was found.
 */
export function growthOf<T>(
  run: (input: T) => unknown,
  inputOf: (size: number) => T,
  enough: number,
  rounds: number = MAX_ROUNDS,
): number {
  const small = inputOf(SMALL);
  const large = inputOf(RATIO * SMALL);
  let [smallMs, largeMs, exponent] = [Infinity, Infinity, Infinity];
  for (let round = 0; round < rounds && exponent > enough; round++) {
    smallMs = Math.min(smallMs, timeOf(run, small, RATIO));
    largeMs = Math.min(largeMs, timeOf(run, large, 1));
    // A time below the resolution of the clock counts as the resolution.
    exponent = Math.log(RATIO * Math.max(largeMs, LEAST_MS) / Math.max(smallMs, LEAST_MS)) /
      Math.log(RATIO);
  }
  return exponent;
}

const LEAST_MS = 0.02;

function timeOf<T>(run: (input: T) => unknown, input: T, count: number): number {
  const began = performance.now();
  for (let left = count; left > 0; left--) run(input);
  return performance.now() - began;
}
