/**
 * A queue between coroutines: who finds it full or empty waits.
 *
 * An item goes straight to the coroutine that has waited longest; nobody who comes later can snatch it.
 * So there are waiting getters only while it is empty, and waiting putters only while it is full.
 *
 * @module
 */

import { AsyncView } from "../interop/async_view.ts";
import { type Abort, NOT_YET, type Operation, type Resume } from "../operation.ts";
import type { TaskScheduler } from "../task.ts";
import { timed, TimedOperation, type TimeoutOptions } from "../timed_operation.ts";
import { WaitList } from "../kernel/wait_list.ts";
import { Waiters } from "../kernel/waiters.ts";

/** A queue has no room, and waiting was not asked for. */
export class Full extends Error {
  /** `Full`. */
  override readonly name = "Full";
}

/** A queue has no item, and waiting was not asked for. */
export class Empty extends Error {
  /** `Empty`. */
  override readonly name = "Empty";
}

/** A queue was closed: nothing may be put, and all that was put has been taken. */
export class QueueClosed extends Error {
  /** `QueueClosed`. */
  override readonly name = "QueueClosed";
}

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
  /** How many items it holds at most; 0 for any number. */
  readonly maxsize: number;

  readonly #items = new WaitList<T>();
  readonly #getters = new Waiters<T>();
  readonly #putters = new Waiters<void, T>();
  readonly #joiners = new Waiters<void>();
  #unfinished = 0;
  #closed = false;

  /**
   * Makes an empty queue.
   *
   * @param maxsize How many items it holds at most; 0 (the default) for any number.
   * @throws {RangeError} If it is no whole number, 0 or more.
   */
  constructor(maxsize: number = 0) {
    if (!Number.isInteger(maxsize) || maxsize < 0) {
      throw new RangeError(`Cannot hold ${maxsize} items: expected a whole number, 0 or more`);
    }
    this.maxsize = maxsize;
  }

  /** How many items it holds. */
  get size(): number {
    return this.#items.size;
  }

  /** Whether it holds nothing. */
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

  /** How many coroutines wait, with a `get`, a `put` or a `join`. */
  get waiting(): number {
    return this.#getters.size + this.#putters.size + this.#joiners.size;
  }

  /**
   * Puts an item in, as soon as there is room.
   *
   * @param item Anything.
   * @param options `timeout`, `priority`.
   * @returns An operation that gives nothing. If it is cancelled or times out, the item is not put in.
   * @throws {QueueClosed} Where it is waited for, if the queue is closed.
   * @throws {OperationTimeout} Where it is waited for, when the time is out.
   */
  put(item: T, options: TimeoutOptions = {}): Operation<void> {
    return new PutOperation(this, item, this.#putters, options);
  }

  /**
   * Takes the oldest item out, as soon as there is one.
   *
   * @param options `timeout`, `priority`.
   * @returns An operation that gives the item. If it is cancelled or times out, no item is lost.
   * @throws {QueueClosed} Where it is waited for, if the queue is closed and empty.
   * @throws {OperationTimeout} Where it is waited for, when the time is out.
   */
  get(options: TimeoutOptions = {}): Operation<T> {
    return new GetOperation(this, this.#getters, options);
  }

  /**
   * Puts an item in now.
   *
   * @param item Anything.
   * @throws {Full} If there is no room.
   * @throws {QueueClosed} If the queue is closed.
   */
  putNowait(item: T): void {
    this.#refuseIfClosed();
    if (this.full) throw new Full(`The queue holds ${this.maxsize} items already`);
    this.#accept(item);
  }

  /**
   * Takes the oldest item out now.
   *
   * @returns The item.
   * @throws {Empty} If there is none.
   * @throws {QueueClosed} If there is none and the queue is closed.
   */
  getNowait(): T {
    if (this.#items.size > 0) return this.#take();
    this.#refuseIfClosed();
    throw new Empty("The queue holds nothing");
  }

  /**
   * Tells that the work on one item that was taken out is done; see {@linkcode join}.
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
   * @returns An operation that gives nothing.
   * @throws {OperationTimeout} Where it is waited for, when the time is out.
   */
  join(options: TimeoutOptions = {}): Operation<void> {
    return timed("Queue.join", options, (resume) => {
      if (this.#unfinished > 0) return this.#joiners.add(resume, undefined);
      resume.value();
    });
  }

  /** Lets nothing more in. What is in may be taken; who waits in vain gets {@linkcode QueueClosed}. */
  close(): void {
    this.#closed = true;
    this.#putters.failAll(closedError);
    this.#getters.failAll(closedError);
  }

  /**
   * The items for an async function, with `for await`. It ends when the queue is closed and empty;
   * leaving the loop leaves the queue as it is.
   *
   * @param scheduler Where to wait.
   * @returns An async iterator that takes items out.
   */
  values(scheduler: TaskScheduler): AsyncIterableIterator<T> {
    return new AsyncView(scheduler, () => this.get({ timeout: -1 }), {
      isEnd: (error) => error instanceof QueueClosed,
    });
  }

  #accept(item: T): void {
    this.#unfinished++;
    const getter = this.#getters.take();
    if (getter === undefined) this.#items.add(item);
    else getter.resume.value(item);
  }

  #take(): T {
    const item = this.#items.shift() as T;
    const putter = this.#putters.take();
    if (putter !== undefined) {
      this.#accept(putter.payload);
      putter.resume.value();
    }
    return item;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw closedError();
  }
}

class PutOperation<T> extends TimedOperation<void> {
  readonly name = "Queue.put";
  readonly #queue: Queue<T>;
  readonly #item: T;
  readonly #putters: Waiters<void, T>;

  constructor(queue: Queue<T>, item: T, putters: Waiters<void, T>, options: TimeoutOptions) {
    super(options);
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
    super(options);
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

function closedError(): QueueClosed {
  return new QueueClosed("The queue is closed");
}
