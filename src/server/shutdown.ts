/**
 * A graceful end: answers requests that have come, cancels those that take too long, then closes.
 *
 * Each step waits until no connection is open and no app runs, or until the step's time is over. Run
 * once by {@linkcode WSGIServer}, when nothing listens any more; a second call of `shutdown` can only
 * shorten the times.
 *
 * @module
 */

import { callAfterPoll, setTimerInParts } from "../coroutine/internal.ts";
import type { Clock } from "../coroutine/mod.ts";
import type { Connections } from "./connections.ts";

/** The reason why a running request was cancelled: the server is shutting down. */
export class ServerShutdown extends Error {
  /** `ServerShutdown`. */
  override readonly name = "ServerShutdown";

  /** Makes the error; its message is always the same. */
  constructor() {
    super("The server is shutting down");
  }
}

/** The default of `idle`: a request may already be on its way. */
export const DEFAULT_IDLE_MS = 50;
/** The polls in a row without a new request after which all bytes that have come are read. */
const QUIET_POLLS = 3;
/** The time between two searches for connections that only wait for their client to close. */
const SWEEP_INTERVAL_MS = 25;
/** The time for the `finally` blocks and the `close()` of cancelled requests; then they are abandoned. */
const CANCEL_MS = 1000;

/** Waits until the event loop has polled for input and output. */
export function nextPoll(clock: Clock): Promise<void> {
  return new Promise((resolve) => callAfterPoll(clock, resolve));
}

/**
 * Waits until a count has stayed the same for some polls in a row.
 *
 * @param clock The clock of the host.
 * @param polls The number of polls.
 * @param count Gives the count, for example of the connections that have come.
 * @param isOver Whether the wait ends in any case.
 */
export async function untilQuiet(
  clock: Clock,
  polls: number,
  count: () => number,
  isOver: () => boolean,
): Promise<void> {
  for (let quiet = 0; quiet < polls && !isOver();) {
    const before = count();
    await nextPoll(clock);
    quiet = count() === before ? quiet + 1 : 0;
  }
}

/** Ends the connections of a server, step by step. */
export class Shutdown {
  readonly #connections: Connections;
  readonly #clock: Clock;
  /** The time at which idle connections are closed, by the clock. */
  #retireAt = Infinity;
  /** Whether the time for running requests is over. */
  isOver = false;
  /** Cancel the timers of the times for running requests. */
  readonly #cancels: (() => void)[] = [];
  /** Ends the wait of the current step, so that the step checks its condition again. */
  #wakeStep: (() => void) | undefined;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.#clock = connections.settings.adapter.clock;
    const onEmpty = () => this.#wakeStep?.();
    connections.onEmpty = onEmpty;
  }

  /** Closes idle connections after `idleMs` milliseconds, unless an earlier time was set. */
  keepIdle(idleMs: number): void {
    const retireAt = this.#clock.now() + idleMs;
    if (retireAt >= this.#retireAt) return;
    this.#retireAt = retireAt;
    this.#wakeStep?.();
  }

  /** Cancels running requests after `graceMs` milliseconds, unless an earlier time was set. */
  limit(graceMs: number): void {
    if (this.isOver) return;
    const end = () => {
      this.isOver = true;
      this.keepIdle(0);
    };
    if (graceMs > 0) this.#cancels.push(setTimerInParts(this.#clock, graceMs, end));
    else end();
  }

  /** Ends all connections. Must be called when the listener is closed. */
  async run(): Promise<void> {
    const connections = this.#connections;
    await this.#untilEmpty();
    await this.#readAll();
    connections.endPreambles();
    for (const connection of connections) connection.retire();
    while (!connections.isEmpty && !this.isOver) {
      await this.#untilEmpty(this.#clock.now() + SWEEP_INTERVAL_MS);
      for (const connection of connections) connection.endQuiet(this.#clock.now());
    }
    this.isOver = true;
    for (const cancel of this.#cancels) cancel();
    const reason = new ServerShutdown();
    for (const connection of connections) connection.abort(reason);
    const destroyAt = this.#clock.now() + CANCEL_MS;
    await this.#untilEmpty(destroyAt);
    for (const connection of connections) connection.destroy();
    // Twice, because the `close()` of an app whose iterator was abandoned may wait as well.
    for (const times of [1, 2]) {
      connections.abandonClosings();
      await this.#untilEmpty(destroyAt + times * CANCEL_MS);
    }
    connections.close();
  }

  /**
   * Waits until the requests that have come are read. After a long step of an app, timers run before them, and Deno
   * completes at most 128 reads in a turn.
   */
  async #readAll(): Promise<void> {
    const connections = this.#connections;
    await untilQuiet(
      this.#clock,
      QUIET_POLLS,
      () => connections.active + connections.served,
      () => connections.isEmpty || this.isOver,
    );
  }

  /**
   * Waits until nothing is left.
   *
   * @param untilMs The end of the wait, by the clock. Default: the time at which idle connections are closed, which
   *   may still change.
   */
  async #untilEmpty(untilMs?: number): Promise<void> {
    for (;;) {
      const leftMs = (untilMs ?? this.#retireAt) - this.#clock.now();
      if (this.#connections.isEmpty || leftMs <= 0) return;
      let cancel!: () => void;
      await new Promise<void>((resolve) => {
        cancel = this.#clock.setTimer(leftMs, resolve);
        this.#wakeStep = resolve;
      });
      cancel();
      this.#wakeStep = undefined;
    }
  }
}
