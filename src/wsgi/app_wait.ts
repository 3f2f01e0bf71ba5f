/**
 * A wait of an app that has ended, for traces.
 *
 * A middleware asks for it with `environ.cogen.onWait`; the app run and `environ.cogen.run` make it.
 *
 * @module
 */

/** A wait of an app: for an operation, a promise, or room in the window of the client. */
export interface AppWait {
  /** The name of the operation, such as `WaitForSignal("abc")`; `promise`; or `drain` for a full window. */
  readonly operation: string;
  /** The time of the beginning, by the clock of the scheduler, in milliseconds. */
  readonly beganAtMs: number;
  /** The time of the end, by the same clock. A cancelled wait ends, too. */
  readonly endedAtMs: number;
}

/** Takes each wait after its end. */
export type WaitListener = (wait: AppWait) => void;
