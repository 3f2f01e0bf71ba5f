/**
 * The beginning of a shutdown, as one request hears of it: a signal, and an operation that waits.
 *
 * The source calls the listeners at the beginning of the shutdown, before the server closes its listener. The
 * listener of the signal is removed when the app is closed; that of a wait, when the wait ends.
 *
 * The `cogen` of a request makes this when an app first asks for it.
 *
 * @module
 */

import type { RosterMember } from "../../coroutine/internal.ts";
import { type HostAbortSignal, type Operation, operation } from "../../coroutine/mod.ts";
import { guardListeners } from "./guarded_signal.ts";

/** Tells of the beginning of a shutdown. The connections of a server implement it. */
export interface StoppingSource {
  /** The reason of the shutdown that has begun; `undefined` before. */
  readonly stopReason: Error | undefined;
  /** Adds a listener, which is told once. */
  onStopping(listener: StoppingListener): void;
  /** Removes a listener. */
  offStopping(listener: StoppingListener): void;
}

/** A listener of a {@linkcode StoppingSource}. */
export interface StoppingListener extends RosterMember {
  /** A shutdown has begun. The function must not throw. */
  stoppingBegan(): void;
}

/** The signal and the waits of one request for a shutdown. */
export class Stopping {
  readonly #source: StoppingSource;
  #controller: AbortController | undefined;
  /** Aborts the signal; `undefined` as long as the app has not asked for the signal. */
  #listener: StoppingListener | undefined;

  constructor(source: StoppingSource) {
    this.#source = source;
  }

  /**
   * The signal, made at the first call.
   *
   * @param report Takes the errors of listeners.
   * @param isClosed Whether the app is closed already, so that nothing may be left at the source.
   */
  signal(report: (error: unknown) => void, isClosed: boolean): HostAbortSignal {
    if (this.#controller === undefined) {
      const controller = this.#controller = new AbortController();
      guardListeners(controller.signal, report);
      const abort = () => controller.abort(this.#source.stopReason);
      this.#listener = { stoppingBegan: abort, place: undefined };
      if (this.#source.stopReason !== undefined) abort();
      else if (!isClosed) this.#source.onStopping(this.#listener);
    }
    return this.#controller.signal;
  }

  /** An operation that ends when a shutdown begins, or at once if one has begun. */
  until(): Operation<void> {
    return operation<void>((resume) => {
      const wake = () => resume.value(undefined);
      if (this.#source.stopReason !== undefined) return wake();
      const listener: StoppingListener = { stoppingBegan: wake, place: undefined };
      this.#source.onStopping(listener);
      return () => this.#source.offStopping(listener);
    }, "untilStopping");
  }

  /** The app is closed: the signal is not aborted any more. */
  close(): void {
    if (this.#listener !== undefined) this.#source.offStopping(this.#listener);
  }
}
