/**
 * A graceful end: answer what has come, cancel what takes too long, then close.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";
import type { Connections } from "./connections.ts";

/** A running request was cancelled because the server is shutting down. */
export class ServerShutdown extends Error {
  /** `ServerShutdown`. */
  override readonly name = "ServerShutdown";

  /** Makes the error; its message is always the same. */
  constructor() {
    super("The server is shutting down");
  }
}

/** How long a shutdown waits on an idle connection, on which a request may be under way; in ms. */
const RETIRE_AFTER = 250;
/** How long the `finally` blocks of cancelled requests may take, in milliseconds. */
const CANCEL_TIME = 1000;
/** The longest timer of any runtime, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

/** Ends connections in steps, each of which waits until all is quiet or its time is over. */
export class Shutdown {
  readonly #connections: Connections;
  readonly #clock: Clock;
  /** When what still runs is cancelled, by the clock. */
  #cancelAt = Infinity;
  /** Looks again whether to wait. */
  #review: (() => void) | undefined;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.#clock = connections.settings.adapter.clock;
    connections.onQuiet = () => this.#review?.();
  }

  /** Cancels what still runs after so many milliseconds, unless an earlier time was set. */
  limit(grace: number): void {
    const cancelAt = this.#clock.now() + grace;
    if (cancelAt >= this.#cancelAt) return;
    this.#cancelAt = cancelAt;
    this.#review?.();
  }

  /** Whether what still runs is to be cancelled now. */
  get isOver(): boolean {
    return this.#clock.now() >= this.#cancelAt;
  }

  /** Ends all connections; nothing listens any more. */
  async run(): Promise<void> {
    const connections = this.#connections;
    const retireAt = this.#clock.now() + RETIRE_AFTER;
    await this.#quiet(() => Math.min(retireAt, this.#cancelAt));
    for (const connection of connections) connection.retire();
    await this.#quiet(() => this.#cancelAt);
    const reason = new ServerShutdown();
    for (const connection of connections) connection.abort(reason);
    const destroyAt = this.#clock.now() + CANCEL_TIME;
    await this.#quiet(() => destroyAt);
    for (const connection of connections) connection.destroy();
    await this.#quiet(() => destroyAt + CANCEL_TIME);
    connections.close();
  }

  /** Waits until all is quiet, or for a time that may still change. */
  async #quiet(until: () => number): Promise<void> {
    for (;;) {
      const left = until() - this.#clock.now();
      if (this.#connections.quiet || left <= 0) return;
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.setTimer(Math.min(left, MAX_TIMER), resolve);
        this.#review = () => {
          cancel();
          resolve();
        };
      });
      this.#review = undefined;
    }
  }
}
