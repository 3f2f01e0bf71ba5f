/**
 * A queue between coroutines: `put` waits while the queue is full, `get` while the queue is empty.
 *
 * An item goes directly to the `get` that has waited longest, so that a later `get` cannot take the
 * item first. The invariant: a `get` waits only while the queue is empty, and a `put` only while
 * the queue is full.
 *
 * @module
 */

import { bindMethods } from "../bind_methods.ts";
import { AsyncView } from "../interop/async_view.ts";
import { checkScheduler, NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import { requireWhole } from "./counts.ts";
import { type Abort, NOT_YET, type Operation, type Resume } from "../operation.ts";
import { Empty, Full, QueueClosed, queueClosed } from "./queue_errors.ts";
import type { TaskScheduler } from "../task.ts";
import { timed, TimedOperation, type TimeoutOptions } from "../timed_operation.ts";
import { LinkedList } from "../kernel/linked_list.ts";
import { Waiters } from "../kernel/waiters.ts";

/**
 * A first-in, first-out queue.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Queue, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const queue = new Queue<number>(2);
 * scheduler.add(function* producer() {
 *   for (let n = 1; n <= 5; n++) yield* queue.put(n);
 *   queue.close();
 * });
 * const consumer = scheduler.add(function* consumer() {
 *   let sum = 0;
 *   for (let left = 5; left > 0; left--) sum += yield* queue.get({ timeout: 1 });
 *   return sum;
 * });
 * clock.advance(0);
 * assertEquals(consumer.result, 15);
 * ```
 */
export class Queue<T> {
  /** The largest number of items in the queue; 0 for any number. */
  readonly maxsize: number;

  readonly #items = new LinkedList<T>();
  readonly #getters = new Waiters<T>();
  readonly #putters = new Waiters<void, T>();
  readonly #joiners = new Waiters<void>();
  /** The number of items that were put in and for which `taskDone` was not called yet. */
  #unfinished = 0;
  #closed = false;

  /**
   * Makes an empty queue.
   *
   * @param maxsize The largest number of items in the queue; 0 (the default) for any number.
   * @throws {RangeError} If `maxsize` is not a whole number, 0 or more.
   */
  constructor(maxsize: number = 0) {
    requireWhole("hold", maxsize, "items", 0);
    this.maxsize = maxsize;
    bindMethods(this, "put", "get", "putNowait", "getNowait", "taskDone", "join", "close");
  }

  /** The number of items in the queue. */
  get size(): number {
    return this.#items.size;
  }

  /** Whether the queue is empty. */
  get empty(): boolean {
    return this.#items.size === 0;
  }

  /** Whether a `put` would wait. */
  get full(): boolean {
    return this.maxsize > 0 && this.#items.size >= this.maxsize;
  }

  /** Whether {@linkcode close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The number of coroutines that wait in a `get`, a `put` or a `join`. */
  get waiting(): number {
    return this.#getters.size + this.#putters.size + this.#joiners.size;
  }

  /**
   * Puts an item in, as soon as there is room.
   *
   * @param item Any value.
   * @param options `timeout`, `priority`.
   * @returns An operation without a value. If the operation is cancelled or times out, the item is
   *   not put in.
   * @throws {QueueClosed} At the `yield`, if the queue is closed.
   * @throws {OperationTimeout} At the `yield`, if the timeout expires.
   */
  put(item: T, options: TimeoutOptions = NO_OPTIONS): Operation<void> {
    if (arguments.length > 2) refuseSurplus("Queue.put", arguments, 2);
    return new PutOperation(this, item, this.#putters, options);
  }

  /**
   * Takes the oldest item out, as soon as the queue has an item.
   *
   * @param options `timeout`, `priority`.
   * @returns An operation that gives the item. If the operation is cancelled or times out, no item
   *   is lost.
   * @throws {QueueClosed} At the `yield`, if the queue is closed and empty.
   * @throws {OperationTimeout} At the `yield`, if the timeout expires.
   */
  get(options: TimeoutOptions = NO_OPTIONS): Operation<T> {
    if (arguments.length > 1) refuseSurplus("Queue.get", arguments, 1);
    return new GetOperation(this, this.#getters, options);
  }

  /**
   * Puts an item in without waiting.
   *
   * @param item Any value.
   * @throws {Full} If there is no room.
   * @throws {QueueClosed} If the queue is closed.
   */
  putNowait(item: T): void {
    this.#throwIfClosed();
    if (this.full) throw new Full(`The queue holds ${this.maxsize} items already`);
    this.#accept(item);
  }

  /**
   * Takes the oldest item out without waiting.
   *
   * @returns The item.
   * @throws {Empty} If the queue is empty.
   * @throws {QueueClosed} If the queue is empty and closed.
   */
  getNowait(): T {
    if (this.#items.size > 0) return this.#take();
    this.#throwIfClosed();
    throw new Empty("The queue is empty");
  }

  /**
   * Reports that the work on one item is done; see {@linkcode join}.
   *
   * @throws {RangeError} If called more often than items were put in.
   */
  taskDone(): void {
    if (this.#unfinished === 0) {
      throw new RangeError("taskDone was called more often than items were put in");
    }
    if (--this.#unfinished === 0) this.#joiners.resumeAll(undefined);
  }

  /**
   * Waits until `taskDone` has been called for every item that was put in.
   *
   * @param options `timeout`, `priority`.
   * @returns An operation without a value.
   * @throws {OperationTimeout} At the `yield`, if the timeout expires.
   */
  join(options: TimeoutOptions = NO_OPTIONS): Operation<void> {
    if (arguments.length > 1) refuseSurplus("Queue.join", arguments, 1);
    return timed("Queue.join", options, (resume) => {
      if (this.#unfinished > 0) return this.#joiners.add(resume, undefined);
      resume.value();
    });
  }

  /**
   * Closes the queue: no more items can be put in, but the items in it can still be taken. Each
   * waiting `get` and `put` fails with {@linkcode QueueClosed}.
   */
  close(): void {
    this.#closed = true;
    this.#putters.failAll(queueClosed);
    this.#getters.failAll(queueClosed);
  }

  /**
   * The items for an async function, with `for await`. The iteration ends when the queue is closed
   * and empty; leaving the loop does not change the queue.
   *
   * @param scheduler The scheduler for the coroutines that wait.
   * @returns An async iterator that takes items out.
   */
  values(scheduler: TaskScheduler): AsyncIterableIterator<T> {
    checkScheduler("values", scheduler);
    return new AsyncView(scheduler, () => this.get({ timeout: -1 }), {
      isEnd: (error) => error instanceof QueueClosed,
    });
  }

  /** Hands an item to the `get` that has waited longest, or else stores it. */
  #accept(item: T): void {
    this.#unfinished++;
    const getter = this.#getters.take();
    if (getter === undefined) this.#items.add(item);
    else getter.resume.value(item);
  }

  /** Takes out the oldest item, and lets the `put` that has waited longest fill its place. */
  #take(): T {
    const item = this.#items.shift() as T;
    const putter = this.#putters.take();
    if (putter !== undefined) {
      this.#accept(putter.payload);
      putter.resume.value();
    }
    return item;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw queueClosed();
  }
}

class PutOperation<T> extends TimedOperation<void> {
  readonly name = "Queue.put";
  readonly #queue: Queue<T>;
  readonly #item: T;
  readonly #putters: Waiters<void, T>;

  constructor(queue: Queue<T>, item: T, putters: Waiters<void, T>, options: TimeoutOptions) {
    super(options, "Queue.put");
    this.#queue = queue;
    this.#item = item;
    this.#putters = putters;
  }

  override attempt(): void | typeof NOT_YET {
    if (this.#queue.full && !this.#queue.closed) return NOT_YET;
    this.#queue.putNowait(this.#item);
  }

  protected begin(resume: Resume<void>): Abort {
    return this.#putters.add(resume, this.#item);
  }
}

class GetOperation<T> extends TimedOperation<T> {
  readonly name = "Queue.get";
  readonly #queue: Queue<T>;
  readonly #getters: Waiters<T>;

  constructor(queue: Queue<T>, getters: Waiters<T>, options: TimeoutOptions) {
    super(options, "Queue.get");
    this.#queue = queue;
    this.#getters = getters;
  }

  override attempt(): T | typeof NOT_YET {
    return this.#queue.empty && !this.#queue.closed ? NOT_YET : this.#queue.getNowait();
  }

  protected begin(resume: Resume<T>): Abort {
    return this.#getters.add(resume, undefined);
  }
}
