/**
 * The interface between a bus and the engine that keeps its messages.
 *
 * A transport has logs, for topics and dead letters, and queues. Their names are texts that the bus makes;
 * their messages are texts as well. A call that rejects is made again by the bus, after a pause with jitter,
 * except after a {@linkcode BusFull}. A call that neither resolves nor rejects is not repeated, so that a broker
 * that hangs cannot fill the memory.
 *
 * The bus calls this. `transports/` has the implementations.
 *
 * @module
 */

import type { BusPosition } from "../wsgi/mod.ts";

/** Messages to append, in order. */
export interface Batch {
  /** Names the bus that sends. */
  readonly producer: string;
  /**
   * The messages. The sequence grows with each message of the producer. A message whose sequence is not above
   * the last one that the log or the queue has of this producer is there already, and must not be added again.
   */
  readonly messages: readonly BatchMessage[];
  /**
   * The position of the last message that a log has confirmed to this producer, if there is one. A broker that
   * has lost that message by a crash appends {@linkcode GAP_MARK} first.
   */
  readonly confirmed?: BusPosition | undefined;
}

/** The text of an entry that stands for messages that the broker has lost. */
export const GAP_MARK = "gap";

/** A message of a batch. */
export interface BatchMessage {
  /** Its number among all messages of the producer. */
  readonly sequence: number;
  /** The text. */
  readonly text: string;
}

/** A message in a log. */
export interface LogEntry {
  /** Its place; it is above that of all earlier messages of the epoch. */
  readonly offset: number;
  /** The text; empty for the entry with which a broker begins a log. */
  readonly text: string;
}

/** The places of the messages of a batch, in its order. */
export interface Appended {
  /** The epoch of the log. */
  readonly epoch: string;
  /** The offset of each message, also of one that was there already. */
  readonly offsets: readonly number[];
}

/** A part of a log. */
export interface LogPage {
  /** The epoch of the log. */
  readonly epoch: string;
  /**
   * Whether the page does not follow on the position: the epoch is another one, or entries after the position
   * are or may be missing. In another epoch, the page begins with the oldest entry.
   */
  readonly isGap: boolean;
  /** The entries, oldest first. */
  readonly entries: readonly LogEntry[];
  /**
   * The offset of the latest entry of the log; 0 before the first. A transport that cannot tell gives an offset
   * above that of the last entry of the page: more entries may follow.
   */
  readonly last: number;
}

/** The bounds of a page. A page has one entry at least, if there is one. */
export interface PageLimits {
  /** The largest number of entries. */
  readonly maxCount: number;
  /** The number of characters after which no entry follows. */
  readonly maxLength: number;
}

/** A job that a transport has leased. */
export interface LeasedJob {
  /** Names this delivery of the job. */
  readonly receipt: string;
  /** The number of this delivery: 1 for the first. */
  readonly delivery: number;
  /** The text. */
  readonly text: string;
}

/** The bounds of a call of {@linkcode BusTransport.take}. */
export interface TakeLimits {
  /** The largest number of jobs. */
  readonly maxCount: number;
  /** The time after which an unsettled job is delivered again, in milliseconds. */
  readonly leaseMs: number;
}

/**
 * The end of a delivery: `done` takes the job off the queue, `again` delivers it after `delayMs`, and `extend`
 * begins the lease anew.
 */
export type Settlement =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly delayMs: number }
  | { readonly kind: "extend" };

/** Called with a signal; gives the number of coroutines that it has woken. */
export type SignalListener = (name: string, text: string) => number | Promise<number>;

/** Signals of a transport whose broker knows the listeners. */
export interface SignalTransport {
  /** Calls all listeners, and gives the sum of their results. */
  send(name: string, text: string): Promise<number>;
  /** Adds a listener; the function that is returned removes it. */
  listen(listener: SignalListener): () => void;
}

/** The engine behind a bus. */
export interface BusTransport {
  /** The name in messages of errors, such as `redis`. */
  readonly name: string;
  /** The largest text that the broker takes, in bytes of UTF-8; `undefined` for no bound of its own. */
  readonly maxTextBytes?: number | undefined;
  /** The time after which a queue is asked again for jobs whose lease has ended. Default: 1 s. */
  readonly pollMs?: number | undefined;
  /** Signals; without this member, they go through a log. */
  readonly signals?: SignalTransport | undefined;
  /** Appends messages to a log. */
  append(log: string, batch: Batch): Promise<Appended>;
  /** Reads a log, without waiting for messages to come. */
  page(log: string, after: BusPosition | "start" | "end", limits: PageLimits): Promise<LogPage>;
  /**
   * Calls `onNews` after each change of a log or a queue, and after each time in which a change may have been
   * missed. One call may stand for many changes.
   *
   * @returns A function that ends the watch.
   */
  watch(name: string, onNews: () => void): () => void;
  /**
   * Puts jobs into a queue.
   *
   * @returns The number of them that the queue had room for, counted from the first.
   */
  put(queue: string, batch: Batch): Promise<number>;
  /** Leases jobs, also those whose lease has ended. It need not wait for jobs to come. */
  take(queue: string, limits: TakeLimits): Promise<readonly LeasedJob[]>;
  /** Ends or extends a delivery; gives `false` if its lease was lost already. */
  settle(queue: string, receipt: string, settlement: Settlement): Promise<boolean>;
  /** Ends all connections that the transport has made itself. */
  close(): Promise<void>;
}
