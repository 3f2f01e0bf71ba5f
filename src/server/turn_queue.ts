/**
 * The turns of the connections of a server.
 *
 * Most bytes are served as soon as they have come. But one poll of the host's event loop may bring much
 * work, and a request that comes next would wait for all of it. So when the work since a poll has taken
 * some time, further connections wait here, as does a connection that has used its own time. They are
 * served after the next polls, those with the least time used first.
 *
 * The trap: the queue does not know when the loop polls, and a call from the clock for each poll would
 * cost as much as a part of a request. So the clock is asked only when the time is over.
 *
 * {@linkcode ClientConnection} calls this.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";
import { type Ready, ReadyQueue } from "../coroutine/internal.ts";

/** Connections are served at once for this time between two polls. */
const MAX_UNPOLLED_MS = 4;
/** Connections that have waited are served for this time after each poll. */
const MAX_TURN_MS = 1;

/** The members of a connection that the queue needs. */
export interface QueuedConnection {
  /** The time that its work has used, in milliseconds: the mean of the last turn and of the time before. */
  usedMs: number;
  /** Goes on with the bytes that have come. */
  takeTurn(): void;
}

/** A connection that waits. */
class Waiting implements Ready {
  usedMs: number;
  nextReady: Ready | undefined = undefined;
  arrival = 0;
  readonly connection: QueuedConnection;

  constructor(connection: QueuedConnection) {
    this.usedMs = connection.usedMs;
    this.connection = connection;
  }
}

/** The connections of one server that wait for their turns. */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #waiting = new ReadyQueue<Waiting>();
  /** The time from which the work between two polls is counted, by the clock. */
  #sinceMs = -Infinity;
  /** Whether the loop has not polled since the clock was asked for it. */
  #awaitsPoll = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether a connection must wait for a turn, because the work since the last poll has taken too long.
   *
   * @param nowMs The present time, as the connection has read it from the clock.
   */
  mustWait(nowMs: number): boolean {
    if (nowMs - this.#sinceMs < MAX_UNPOLLED_MS) return false;
    if (this.#awaitsPoll) return true;
    this.#sinceMs = nowMs;
    this.#awaitPoll();
    return false;
  }

  /** Adds a connection that is not in the queue. Its `takeTurn` is called once, after a poll. */
  add(connection: QueuedConnection): void {
    this.#waiting.add(new Waiting(connection));
    this.#awaitPoll();
  }

  #awaitPoll(): void {
    if (this.#awaitsPoll) return;
    this.#awaitsPoll = true;
    this.#clock.defer(this.#polled);
  }

  readonly #polled = (): void => {
    this.#awaitsPoll = false;
    if (this.#waiting.size > 0) this.#serve();
  };

  #serve(): void {
    const { arrivals } = this.#waiting;
    const end = (this.#sinceMs = this.#clock.now()) + MAX_TURN_MS;
    try {
      for (let next; (next = this.#waiting.take(arrivals)) !== undefined;) {
        this.#serveOne(next.connection);
        if (this.#sinceMs >= end) break;
      }
    } finally {
      if (this.#waiting.size > 0) this.#awaitPoll();
    }
  }

  #serveOne(connection: QueuedConnection): void {
    const before = this.#sinceMs;
    connection.takeTurn();
    this.#sinceMs = this.#clock.now();
    connection.usedMs = Math.trunc((connection.usedMs + this.#sinceMs - before) / 2);
  }
}
