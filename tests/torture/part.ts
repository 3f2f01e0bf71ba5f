/**
 * A part of the torture run, and the account that it keeps.
 *
 * @module
 */

import type { Random } from "../fuzz/random.ts";

/** The time, the random numbers and the account of a part. */
export interface Course {
  readonly seed: number;
  readonly random: Random;
  /** The time of this part, in seconds. A part that has a smallest size may take longer. */
  readonly seconds: number;
  /** Whether the time of this part is over. */
  isOver(): boolean;
  /** Notes a figure for the end of the run. */
  figure(text: string): void;
  /** Notes a broken promise. The run goes on, and ends with the exit code 1. */
  broken(text: string): void;
}

/** A part of the run. */
export interface Part {
  readonly name: string;
  /** The share of the time of a whole run. The shares are relative. */
  readonly share: number;
  run(course: Course): Promise<void>;
}
