/**
 * Who waits for which signal, and which signals wait for recipients.
 *
 * @module
 */

import type { Abort, Resume } from "../operation.ts";
import type { TaskScheduler } from "../task.ts";
import { WaitList } from "../kernel/wait_list.ts";

/** A signal that waits until enough coroutines wait for it. */
interface PendingSignal {
  readonly resume: Resume<number>;
  readonly value: unknown;
  readonly recipients: number;
}

type Waiting = WaitList<Resume<unknown>>;

/** The board of each scheduler that has used signals. */
const boards = new WeakMap<TaskScheduler, SignalBoard>();

/** The signals of one scheduler, by name. A name that nobody uses takes no memory. */
export class SignalBoard {
  /** The board of a scheduler. */
  static of(scheduler: TaskScheduler): SignalBoard {
    let board = boards.get(scheduler);
    if (board === undefined) boards.set(scheduler, board = new SignalBoard());
    return board;
  }

  readonly #waiting = new Map<unknown, Waiting>();
  readonly #pending = new Map<unknown, WaitList<PendingSignal>>();

  /** How many waits and pending signals there are. */
  get size(): number {
    return sizeOf(this.#waiting) + sizeOf(this.#pending);
  }

  /** Adds a waiter. */
  wait(name: unknown, resume: Resume<unknown>): Abort {
    const waiting = listOf(this.#waiting, name);
    const place = waiting.add(resume);
    if (this.#pending.size > 0) this.#serve(name);
    return () => {
      waiting.remove(place);
      forgetEmpty(this.#waiting, name, waiting);
    };
  }

  /** Wakes all who wait for `name` now, and gives how many. */
  wakeAll(name: unknown, value: unknown): number {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return 0;
    this.#waiting.delete(name);
    return wake(waiting, waiting.size, value);
  }

  /** Wakes exactly `recipients`, those who have waited longest, as soon as so many wait. */
  post(name: unknown, signal: PendingSignal): Abort {
    const pending = listOf(this.#pending, name);
    const place = pending.add(signal);
    this.#serve(name);
    return () => {
      pending.remove(place);
      this.#serve(name); // one behind it may need fewer
    };
  }

  /** Signals are served in order: one that needs many is not overtaken by one that needs few. */
  #serve(name: unknown): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    const waiting = this.#waiting.get(name);
    for (let signal = pending.first; signal !== undefined; signal = pending.first) {
      if (waiting === undefined || !hasWaiting(waiting, signal.recipients)) break;
      pending.shift();
      signal.resume.value(wake(waiting, signal.recipients, signal.value));
    }
    forgetEmpty(this.#pending, name, pending);
    if (waiting !== undefined) forgetEmpty(this.#waiting, name, waiting);
  }
}

function listOf<T>(lists: Map<unknown, WaitList<T>>, name: unknown): WaitList<T> {
  let list = lists.get(name);
  if (list === undefined) lists.set(name, list = new WaitList());
  return list;
}

/** A list that has been replaced by another is left alone. */
function forgetEmpty<T>(lists: Map<unknown, WaitList<T>>, name: unknown, list: WaitList<T>): void {
  if (list.size === 0 && lists.get(name) === list) lists.delete(name);
}

function sizeOf(lists: ReadonlyMap<unknown, WaitList<unknown>>): number {
  let size = 0;
  for (const list of lists.values()) size += list.size;
  return size;
}

/** Wakes so many, or all if there are fewer, and gives how many. */
function wake(waiters: Waiting, count: number, value: unknown): number {
  let woken = 0;
  for (let waiter; woken < count && (waiter = waiters.shift()) !== undefined;) {
    if (waiter.settled) continue;
    waiter.value(value);
    woken++;
  }
  return woken;
}

/** Whether so many can be woken: one who is being cancelled is still in the list, but cannot. */
function hasWaiting(waiters: Waiting, count: number): boolean {
  if (waiters.size < count) return false;
  let waiting = 0;
  for (const waiter of waiters) if (!waiter.settled && ++waiting === count) return true;
  return false;
}
