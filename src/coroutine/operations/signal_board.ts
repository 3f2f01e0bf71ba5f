/**
 * The waits of one scheduler for signals, and the signals that wait for recipients, by name.
 *
 * The invariant: a name has an entry only while a coroutine waits for it or a signal is pending, so
 * that names made at run time leave no memory behind. The operations in `signal.ts` call this, and
 * the scheduler counts the entries for its statistics.
 *
 * @module
 */

import type { RunningTask } from "../kernel/running_task.ts";
import type { Abort, Resume } from "../operation.ts";
import type { TaskScheduler } from "../task.ts";
import { LinkedList } from "../kernel/linked_list.ts";

/** A signal that waits for its recipients. */
interface PendingSignal {
  readonly resume: Resume<number>;
  readonly value: unknown;
  /** The number of coroutines to wake, all at once. */
  readonly recipients: number;
}

type SignalWaiters = LinkedList<Resume<unknown>>;

/** The boards, by scheduler. Only a scheduler that has used signals has one. */
const boards = new WeakMap<TaskScheduler, SignalBoard>();

/** The signals of one scheduler. */
export class SignalBoard {
  /** Gives the board of a scheduler. The first call makes it. */
  static of(scheduler: TaskScheduler): SignalBoard {
    let board = boards.get(scheduler);
    if (board === undefined) boards.set(scheduler, board = new SignalBoard());
    return board;
  }

  /** The number of waits and pending signals of a scheduler. */
  static sizeOf(scheduler: TaskScheduler): number {
    return boards.get(scheduler)?.size ?? 0;
  }

  readonly #waiters = new Map<unknown, SignalWaiters>();
  readonly #pending = new Map<unknown, LinkedList<PendingSignal>>();

  /** The number of waits and pending signals. */
  get size(): number {
    return sizeOf(this.#waiters) + sizeOf(this.#pending);
  }

  /** Adds a wait for `name`, in order of arrival. */
  wait(name: unknown, resume: Resume<unknown>): Abort {
    const waiters = listOf(this.#waiters, name);
    const place = waiters.add(resume);
    if (this.#pending.size > 0) this.#servePending(name);
    return () => {
      waiters.remove(place);
      deleteIfEmpty(this.#waiters, name, waiters);
    };
  }

  /** Wakes all current waiters for `name`, and returns their number. */
  wakeAll(name: unknown, value: unknown): number {
    const waiters = this.#waiters.get(name);
    if (waiters === undefined) return 0;
    this.#waiters.delete(name);
    return wakeFirst(waiters, waiters.size, value);
  }

  /**
   * Wakes exactly `signal.recipients` waiters for `name`, those that have waited longest, as soon
   * as there are enough waiters.
   */
  wakeExactly(name: unknown, signal: PendingSignal): Abort {
    const pending = listOf(this.#pending, name);
    const place = pending.add(signal);
    this.#servePending(name);
    return () => {
      pending.remove(place);
      this.#servePending(name); // the next pending signal may need fewer recipients
    };
  }

  /** Serves pending signals in order. A signal never overtakes an earlier one that needs more. */
  #servePending(name: unknown): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    const waiters = this.#waiters.get(name);
    for (let signal = pending.first; signal !== undefined; signal = pending.first) {
      if (waiters === undefined || !hasUnsettled(waiters, signal.recipients)) break;
      pending.shift();
      const { resume, recipients, value } = signal;
      // The signal may have waited. Then another task than the signal's own runs this code.
      (resume.task as RunningTask<unknown>).completeWait(() => {
        resume.value(wakeFirst(waiters, recipients, value));
      });
    }
    deleteIfEmpty(this.#pending, name, pending);
    if (waiters !== undefined) deleteIfEmpty(this.#waiters, name, waiters);
  }
}

function listOf<T>(lists: Map<unknown, LinkedList<T>>, name: unknown): LinkedList<T> {
  let list = lists.get(name);
  if (list === undefined) lists.set(name, list = new LinkedList());
  return list;
}

/** Deletes an empty list, unless a later list has taken its place in the map. */
function deleteIfEmpty<T>(
  lists: Map<unknown, LinkedList<T>>,
  name: unknown,
  list: LinkedList<T>,
): void {
  if (list.size === 0 && lists.get(name) === list) lists.delete(name);
}

function sizeOf(lists: ReadonlyMap<unknown, LinkedList<unknown>>): number {
  let size = 0;
  for (const list of lists.values()) size += list.size;
  return size;
}

/** Wakes the first `count` waiters, or all if there are fewer, and returns their number. */
function wakeFirst(waiters: SignalWaiters, count: number, value: unknown): number {
  let woken = 0;
  for (let waiter; woken < count && (waiter = waiters.shift()) !== undefined;) {
    if (waiter.settled) continue;
    waiter.value(value);
    woken++;
  }
  return woken;
}

/**
 * Whether `count` waiters can be woken. A waiter that is being cancelled is settled but may still
 * be in the list, so the size of the list is not enough.
 */
function hasUnsettled(waiters: SignalWaiters, count: number): boolean {
  if (waiters.size < count) return false;
  let unsettled = 0;
  for (const waiter of waiters) if (!waiter.settled && ++unsettled === count) return true;
  return false;
}
