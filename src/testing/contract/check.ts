/**
 * The form of a check. Each file of checks has a list of them.
 *
 * @module
 */

import type { PROMISES } from "./promises.ts";
import type { Stage } from "./stage.ts";

/** One check of the contract. */
export interface Check {
  /** Its topic, a colon, and the behaviour. */
  readonly name: string;
  /** The promise that an adapter breaks if the check fails. */
  readonly promise: keyof typeof PROMISES;
  /** Throws, or rejects, with the way in which the adapter fails. */
  run(stage: Stage): Promise<void> | void;
}
