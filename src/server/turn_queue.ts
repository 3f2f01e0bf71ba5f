/**
 * The turns of the connections on an event loop.
 *
 * Most bytes are served as soon as they have come. But one poll of the host's event loop may bring much
 * work, and a request that comes next would wait for all of it. So when the work since a poll has taken
 * some time, further connections wait here, as does a connection that has used its own time. They are
 * served after the next polls, those with the least time used first.
 *
 * While each poll brings several connections, their output is gathered, and sent when all of them are served.
 * A system call between two requests evicts the code of the server from the caches of the processor. With 64
 * clients, a small request takes a tenth less CPU on Node and Bun, and a seventh less on Deno
 * (`npm run bench -- --compare HEAD --workload hello`, with a `gather` that returns `false` at once).
 *
 * The trap: the queue does not know when the loop polls, and a call from the clock for each poll would
 * cost as much as a part of a request. So unless output is gathered, the clock is asked only when the time is over.
 * Nor is it read at the end of each work: between two polls, a connection has worked until the next one begins.
 *
 * {@linkcode ClientConnection} calls this.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";
import { type Ready, ReadyQueue } from "../coroutine/internal.ts";

/** Connections are served at once for this time between two polls. */
const MAX_UNPOLLED_MS = 4;
/**
 * The same for connections with bytes that an app waits for. To take them costs less than to pause reading. With
 * the other limit, an upload of 1 MB takes a fifth more CPU in a process that shares its processor.
 */
const MAX_AWAITED_MS = 8;
/** Output is gathered for this time at most, and for one step of an app, or of other code on the loop, more. */
const MAX_GATHERED_MS = 0.5;
/** Output is gathered only if a connection takes less than this time on average, and no connection must wait. */
const MAX_MEAN_MS = 0.1;
/** Connections that have waited are served for this time after each poll. */
const MAX_TURN_MS = 1;

/** The members of a connection that the queue needs. A method must not throw: other connections come after it. */
export interface QueuedConnection {
  /**
   * The time that its work has used, in milliseconds. The queue sets it to the mean of the last turn and of the
   * time before, and the connection to the time of an app that has ended.
   */
  usedMs: number;
  /** Goes on with the bytes that have come. */
  takeTurn(): void;
  /** Sends the bytes that were written. */
  send(): void;
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

const ofClocks = new WeakMap<Clock, TurnQueue>();

/**
 * Gives the queue of an event loop. The servers of a process share it: the connections of each one wait for the
 * work of all.
 */
export function turnsOf(clock: Clock): TurnQueue {
  let turns = ofClocks.get(clock);
  if (turns === undefined) ofClocks.set(clock, turns = new TurnQueue(clock));
  return turns;
}

/** The connections that wait for their turns. */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #waiting = new ReadyQueue<Waiting>();
  /** The time from which the work between two polls is counted, by the clock. */
  #sinceMs = -Infinity;
  /** Whether the loop has not polled since the clock was asked for it. */
  #awaitsPoll = false;
  /** The number of times that a connection has begun to work since the clock was asked. */
  #served = 0;
  /** The connection that has begun to work last since the clock was asked, and the time when it began. */
  #working: QueuedConnection | undefined;
  #workingSinceMs = 0;
  /** Whether output is gathered, because the last poll has brought several connections with little work. */
  #gathers = false;
  /** The connections whose output is gathered. */
  #senders: QueuedConnection[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether a connection must wait for a turn, because the work since the last poll has taken too long. Otherwise
   * the connection begins to work.
   *
   * @param nowMs The present time, as the connection has read it from the clock.
   * @param isAwaited Whether an app waits for the bytes of the connection.
   */
  mustWait(connection: QueuedConnection, nowMs: number, isAwaited: boolean = false): boolean {
    const workedMs = nowMs - this.#sinceMs;
    if (this.#awaitsPoll) {
      this.#served++;
      this.#endWork(nowMs);
      if (workedMs >= (isAwaited ? MAX_AWAITED_MS : MAX_UNPOLLED_MS)) return true;
    } else {
      if (!this.#gathers && workedMs < MAX_UNPOLLED_MS) return false;
      this.#sinceMs = nowMs;
      this.#served = 1;
      this.#awaitPoll();
    }
    this.#working = connection;
    this.#workingSinceMs = nowMs;
    return false;
  }

  /** Counts the time of the connection that has begun to work last. */
  #endWork(nowMs: number): void {
    if (this.#working === undefined) return;
    addTime(this.#working, nowMs - this.#workingSinceMs);
    this.#working = undefined;
  }

  /**
   * Takes over to send the output of a connection: in the next turn of the clock, or earlier.
   *
   * @returns `false` if no output is gathered now: the connection sends it at once.
   */
  gather(connection: QueuedConnection): boolean {
    if (!this.#gathers || !this.#awaitsPoll) return false;
    this.#senders.push(connection);
    return true;
  }

  /**
   * Sends the output that has been gathered for long enough. A connection calls this before it works.
   *
   * @param nowMs The present time, as the connection has read it from the clock.
   */
  sendOverdue(nowMs: number): void {
    if (nowMs - this.#sinceMs >= MAX_GATHERED_MS) this.#send();
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
    this.#gathers = this.#served > 1 && this.#waiting.size === 0 &&
      this.#clock.now() - this.#sinceMs < Math.min(this.#served * MAX_MEAN_MS, MAX_UNPOLLED_MS);
    this.#served = 0;
    this.#working = undefined;
    this.#send();
    if (this.#waiting.size > 0) this.#serve();
  };

  #send(): void {
    if (this.#senders.length === 0) return;
    const senders = this.#senders;
    this.#senders = [];
    for (const connection of senders) connection.send();
  }

  #serve(): void {
    const { arrivals } = this.#waiting;
    const end = (this.#sinceMs = this.#clock.now()) + MAX_TURN_MS;
    for (let next; (next = this.#waiting.take(arrivals)) !== undefined;) {
      this.#serveOne(next.connection);
      if (this.#sinceMs >= end) break;
    }
    if (this.#waiting.size > 0) this.#awaitPoll();
  }

  #serveOne(connection: QueuedConnection): void {
    const before = this.#sinceMs;
    connection.takeTurn();
    this.#working = undefined;
    this.#sinceMs = this.#clock.now();
    addTime(connection, this.#sinceMs - before);
  }
}

function addTime(connection: QueuedConnection, milliseconds: number): void {
  connection.usedMs = Math.trunc((connection.usedMs + milliseconds) / 2);
}
