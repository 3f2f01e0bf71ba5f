/**
 * Who waits for which signal, and which signals wait for recipients.
 *
 * @module
 */

import type { Abort, Resume } from "./operation.ts";
import type { Scheduler } from "./scheduler.ts";
import { WaitList } from "./wait_list.ts";

/** A signal that waits until enough coroutines wait for it. */
interface PendingSignal {
  readonly resume: Resume<number>;
  readonly value: unknown;
  readonly recipients: number;
}

interface Channel {
  readonly waiters: WaitList<Resume<unknown>>;
  readonly pending: WaitList<PendingSignal>;
}

/** The signals of one scheduler, by name. A name that nobody uses takes no memory. */
export class SignalBoard {
  /** The board of a scheduler. */
  static of(scheduler: Scheduler): SignalBoard {
    return scheduler.state(createBoard);
  }

  readonly #channels = new Map<unknown, Channel>();

  /** How many waits and pending signals there are. */
  get size(): number {
    let size = 0;
    for (const { waiters, pending } of this.#channels.values()) size += waiters.size + pending.size;
    return size;
  }

  /** Adds a waiter. */
  wait(name: unknown, resume: Resume<unknown>): Abort {
    const channel = this.#channel(name);
    const place = channel.waiters.add(resume);
    this.#serve(name, channel);
    return () => {
      channel.waiters.remove(place);
      this.#forget(name, channel);
    };
  }

  /** Wakes all who wait for `name` now, and gives how many. */
  wakeAll(name: unknown, value: unknown): number {
    const channel = this.#channels.get(name);
    if (channel === undefined) return 0;
    const woken = wake(channel.waiters, channel.waiters.size, value);
    this.#forget(name, channel);
    return woken;
  }

  /** Wakes exactly `recipients`, those who have waited longest, as soon as so many wait. */
  post(name: unknown, signal: PendingSignal): Abort {
    const channel = this.#channel(name);
    const place = channel.pending.add(signal);
    this.#serve(name, channel);
    return () => {
      channel.pending.remove(place);
      this.#serve(name, channel); // one behind it may need fewer
    };
  }

  /** Signals are served in order: one that needs many is not overtaken by one that needs few. */
  #serve(name: unknown, { waiters, pending }: Channel): void {
    for (let signal = pending.first; signal !== undefined; signal = pending.first) {
      if (waiters.size < signal.recipients) break;
      pending.shift();
      signal.resume.value(wake(waiters, signal.recipients, signal.value));
    }
    this.#forget(name, { waiters, pending });
  }

  #channel(name: unknown): Channel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { waiters: new WaitList(), pending: new WaitList() };
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #forget(name: unknown, { waiters, pending }: Channel): void {
    if (waiters.size === 0 && pending.size === 0) this.#channels.delete(name);
  }
}

function createBoard(): SignalBoard {
  return new SignalBoard();
}

function wake(waiters: WaitList<Resume<unknown>>, count: number, value: unknown): number {
  for (let woken = 0; woken < count; woken++) waiters.shift()?.value(value);
  return count;
}
