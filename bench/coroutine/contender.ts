/**
 * The work that coroutine libraries are compared by: the same for each, in its own natural style.
 *
 * A workload first prepares, which is not timed, and gives what is. A new library is a file with a
 * {@linkcode Contender}, and an entry in `costs.ts`.
 *
 * @module
 */

/** What is timed. */
export type Work = () => Promise<unknown>;

/** Prepares for `count` coroutines or operations; what it gives is timed, and ends when all have. */
export type Workload = (count: number) => Work | Promise<Work>;

/** One library. */
export interface Contender {
  readonly name: string;
  /** With more coroutines it would take too long; what one costs does not depend on how many. */
  readonly most?: number;
  /** One after the other, each coroutine does nothing and is joined. */
  readonly spawnAndJoin: Workload;
  /** As many sleep a millisecond at the same time. */
  readonly sleepAndWake: Workload;
  /** A producer hands items to a consumer, through a queue that holds one. */
  readonly handOver: Workload;
  /** As many wait for one signal; timed is from the signal until the last of them has ended. */
  readonly signal: Workload;
  /** As many sleep for long, and are cancelled; timed is from the first cancellation. */
  readonly cancelSleepers: Workload;
}

/** Long enough that no timer fires while it is measured. */
export const FAR_SECONDS = 600;
/** As long as every sleeper of `sleepAndWake` sleeps. */
export const NAP_SECONDS = 0.001;

/** Nanoseconds for each of `count`; `repeats` is for work that is over too soon to be timed. */
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
