/**
 * The connections that wait for a worker, and the choice of the worker.
 *
 * A connection goes to the ready worker with the fewest open connections, so that few long connections are
 * spread evenly. A worker gets one connection at a time: a worker whose event loop stands still holds up that
 * one connection only.
 *
 * The supervisor keeps the descriptor of a connection until the worker has said that it took the connection.
 * If the worker ends before, it has read no byte, and the connection goes to another worker.
 *
 * The trap: no runtime lets a listener pause, so a storm of connections is accepted faster than workers take them.
 * All of them wait here, as long as this process has descriptors for them.
 *
 * `supervisor.ts` calls this.
 *
 * @module
 */

import type { AcceptedStream } from "../../../adapters/node.ts";
import type { Load, ToWorker } from "./messages.ts";

/**
 * The descriptors of the supervisor that are no waiting connections: its pipes, files and listeners. With few
 * descriptors, it is three quarters of them: Deno accepts many connections before it closes one that is refused,
 * and the process ends when no descriptor is left.
 */
const OTHER_DESCRIPTORS = 256;
/** The largest number of connections that may wait. It bounds the memory: each takes some kilobytes. */
const MAX_WAITING = 32_768;

/**
 * The number of connections that may wait.
 *
 * @param descriptors The number of descriptors that a process may have.
 */
export function maxWaiting(descriptors: number): number {
  const others = Math.min(OTHER_DESCRIPTORS, Math.ceil(descriptors * 3 / 4));
  return Math.min(MAX_WAITING, descriptors - others);
}

/** A connection that no worker has taken. */
interface Waiting {
  readonly id: number;
  /** The index of its address. */
  readonly address: number;
  readonly stream: AcceptedStream;
}

/** A worker that may get connections. */
export interface Taker {
  readonly mayTake: boolean;
  send(message: ToWorker, stream: AcceptedStream): void;
}

interface Place {
  /** The connection that was sent and is not taken. */
  sent: Waiting | undefined;
  /** The open connections by the last report, and those that were sent since. */
  connections: number;
  /** Grows with each connection, so that equal workers take turns. */
  lastId: number;
}

/** The connections between the listeners and the workers. */
export class HandOver {
  /** The connections that came last, the oldest first. */
  #newer: Waiting[] = [];
  /** The connections that came before them, the oldest last. */
  #older: Waiting[] = [];
  readonly #places = new Map<Taker, Place>();
  #lastId = 0;
  #isFull = false;
  readonly #say: (text: string) => void;
  readonly #maxWaiting: number;

  /**
   * @param say Writes a message of the command.
   * @param maxWaiting The number of connections that may wait.
   */
  constructor(say: (text: string) => void, maxWaiting: number) {
    this.#say = say;
    this.#maxWaiting = maxWaiting;
  }

  /** The number of connections that no worker has taken. */
  get size(): number {
    const sent = [...this.#places.values()].filter((place) => place.sent !== undefined);
    return this.#waiting + sent.length;
  }

  get #waiting(): number {
    return this.#newer.length + this.#older.length;
  }

  /** The number of connections that have come. */
  get offered(): number {
    return this.#lastId;
  }

  /** Takes a new connection. */
  offer(stream: AcceptedStream, address: number): void {
    const id = ++this.#lastId;
    if (this.#waiting >= this.#maxWaiting) {
      if (!this.#isFull) {
        this.#say(`${this.#maxWaiting} connections wait for a worker: more are refused`);
      }
      this.#isFull = true;
      stream.destroy();
      return;
    }
    this.#newer.push({ id, address, stream });
    this.send();
  }

  /** Adds a worker. It gets connections while its `mayTake` is true. */
  add(taker: Taker): void {
    this.#places.set(taker, { sent: undefined, connections: 0, lastId: 0 });
  }

  /** Forgets a worker that has ended. The connection that it has not taken goes to another worker. */
  remove(taker: Taker): void {
    const sent = this.#places.get(taker)?.sent;
    this.#places.delete(taker);
    if (sent !== undefined) this.#older.push(sent);
    this.send();
  }

  /** A worker has taken a connection. */
  took(taker: Taker, id: number): void {
    const place = this.#places.get(taker);
    if (place?.sent?.id !== id) return;
    place.sent.stream.destroy();
    place.sent = undefined;
    this.send();
  }

  /** The connection did not arrive with its message. */
  missed(taker: Taker, id: number): void {
    const place = this.#places.get(taker);
    if (place?.sent?.id !== id) return;
    this.#older.push(place.sent);
    place.sent = undefined;
    this.send();
  }

  /** A worker tells its load. */
  loaded(taker: Taker, { connections }: Load): void {
    const place = this.#places.get(taker);
    if (place !== undefined) place.connections = connections;
  }

  /** Refuses all connections that wait. */
  clear(): void {
    for (const { stream } of [...this.#older.splice(0), ...this.#newer.splice(0)]) stream.destroy();
  }

  /** Sends the connections that wait, as far as workers may take them. */
  send(): void {
    for (;;) {
      if (this.#older.length === 0) {
        this.#older = this.#newer.reverse();
        this.#newer = [];
      }
      const next = this.#older.at(-1);
      const chosen = next && this.#choose();
      if (next === undefined || chosen === undefined) break;
      this.#older.pop();
      const [taker, place] = chosen;
      place.sent = next;
      place.connections++;
      place.lastId = next.id;
      taker.send({ type: "connection", id: next.id, address: next.address }, next.stream);
    }
    if (this.#waiting === 0) this.#isFull = false;
  }

  #choose(): [Taker, Place] | undefined {
    let best: [Taker, Place] | undefined;
    for (const entry of this.#places) {
      const [taker, place] = entry;
      if (!taker.mayTake || place.sent !== undefined) continue;
      const difference = best === undefined ? -1 : place.connections - best[1].connections ||
        place.lastId - best[1].lastId;
      if (difference < 0) best = entry;
    }
    return best;
  }
}

/** The time in which a worker takes a connection, unless all of them stand still, in milliseconds. */
const STANDSTILL_MS = 1000;
/** The longest time between two polls that counts, in milliseconds: a pause of this process hardly counts. */
const MAX_POLL_MS = 100;

/**
 * Waits until the workers have taken all connections, or take none any more, at most for half of the grace
 * period.
 *
 * @param connections The connections that wait; none is added.
 * @param grace The grace period, in seconds.
 * @param time The time, and a pause in which messages are read.
 */
export async function handOverRest(
  connections: { readonly size: number },
  grace: number,
  time: { milliseconds(): number; nextPoll(): Promise<void> },
): Promise<void> {
  let { size } = connections;
  let passedMs = 0;
  let changedMs = 0;
  while (connections.size > 0) {
    if (connections.size < size) changedMs = passedMs;
    size = connections.size;
    if (passedMs - changedMs >= STANDSTILL_MS || passedMs >= grace * 500) return;
    const before = time.milliseconds();
    await time.nextPoll();
    passedMs += Math.min(time.milliseconds() - before, MAX_POLL_MS);
  }
}
