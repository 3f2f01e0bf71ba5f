/**
 * The work by which coroutine libraries are compared. It is the same for each library, in the usual
 * style of that library.
 *
 * A workload first prepares, which is not timed, and then returns the work that is timed. A new
 * library is a file with a {@linkcode Contender}, and an entry in `costs.ts`.
 *
 * @module
 */

/** The work that is timed. */
export type Work = () => Promise<unknown>;

/** Prepares `count` coroutines or operations. The returned work ends when all of them have ended. */
export type Workload = (count: number) => Work | Promise<Work>;

/** One library. */
export interface Contender {
  readonly name: string;
  /**
   * The greatest number of coroutines that this library runs in acceptable time. The cost of one does
   * not depend on the number.
   */
  readonly most?: number;
  /** Each coroutine returns at once and is joined, one after the other. */
  readonly spawnAndJoin: Workload;
  /** All coroutines sleep for a millisecond at the same time. */
  readonly sleepAndWake: Workload;
  /** A producer hands items to a consumer, through a queue that holds one. */
  readonly handOver: Workload;
  /** All coroutines wait for one signal. The time runs from the signal until the last of them has ended. */
  readonly signal: Workload;
  /** All coroutines sleep for long, and are cancelled. The time runs from the first cancellation. */
  readonly cancelSleepers: Workload;
}

/** A sleep so long that no timer fires during the measurement. */
export const FAR_SECONDS = 600;
/** The sleep of every sleeper of `sleepAndWake`. */
export const NAP_SECONDS = 0.001;

/**
 * Gives the nanoseconds for each of `count`. The work is repeated if a single run is too short to
 * be timed.
 */
export async function time(workload: Workload, count: number, repeats: number): Promise<number> {
  let milliseconds = 0;
  for (let left = repeats; left > 0; left--) {
    const work = await workload(count);
    const begin = performance.now();
    await work();
    milliseconds += performance.now() - begin;
  }
  return milliseconds * 1e6 / (count * repeats);
}
