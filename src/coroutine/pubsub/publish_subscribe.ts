/**
 * Publish and subscribe: every subscriber gets every message, each at its own pace.
 *
 * @module
 */

import { AsyncView } from "../interop/async_view.ts";
import { Broadcast } from "./broadcast.ts";
import { Call } from "../operations/call.ts";
import { type Operation, operation } from "../operation.ts";
import { QueueClosed } from "../operations/queue.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { FetchOptions, PublishSubscribeOptions, SubscribeOptions } from "./subscription.ts";
import type { Coroutine, TaskScheduler } from "../task.ts";
import { timed, type TimeoutOptions } from "../timed_operation.ts";

/**
 * A queue that each subscriber reads from beginning to end.
 *
 * Messages are numbered from 0. The index that `publish` gives is what a client may come back with,
 * such as the `Last-Event-ID` of server-sent events: `subscribe(key, { from: last + 1 })`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, PublishSubscribeQueue, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const news = new PublishSubscribeQueue<string>({ capacity: 100 });
 * const reader = scheduler.add(function* () {
 *   yield* news.subscribe();
 *   const first = yield* news.fetch();
 *   const second = yield* news.fetch(undefined, { timeout: 5 });
 *   return [first, second];
 * });
 * clock.advance(0);
 * for (const message of ["one", "two"]) {
 *   scheduler.add(function* () {
 *     yield* news.publish(message);
 *   });
 *   clock.advance(0);
 * }
 * assertEquals(reader.result, [["one"], ["two"]]);
 * ```
 */
export class PublishSubscribeQueue<T> {
  readonly #broadcast: Broadcast<T>;

  /**
   * Makes a queue without messages.
   *
   * @param options `capacity`, `slowConsumer`, `lease`.
   * @throws {RangeError} If the capacity is not 1 or more, or the lease is negative.
   */
  constructor(options: PublishSubscribeOptions = {}) {
    this.#broadcast = new Broadcast(options);
  }

  /** How many messages are kept. */
  get size(): number {
    return this.#broadcast.log.size;
  }

  /** The index of the oldest message that is kept. */
  get first(): number {
    return this.#broadcast.log.first;
  }

  /** The index that the next message gets. */
  get next(): number {
    return this.#broadcast.log.next;
  }

  /** How many are subscribed. */
  get subscribers(): number {
    return this.#broadcast.subscribers.size;
  }

  /** How many coroutines wait, with a `fetch` or a `publish`. */
  get waiting(): number {
    return this.#broadcast.fetchers.size + this.#broadcast.publishers.size;
  }

  /**
   * Gives a message to all subscribers.
   *
   * @param message Anything.
   * @param options `timeout`, `priority`.
   * @returns An operation that gives the message's index, or -1 if it was dropped.
   * @throws {QueueClosed} Where it is waited for, if the queue is closed.
   * @throws {OperationTimeout} Where it is waited for, when the time is out.
   */
  publish(message: T, options: TimeoutOptions = {}): Operation<number> {
    return timed("publish", options, (resume) => this.#broadcast.publish(message, resume));
  }

  /**
   * Gives a message to all subscribers, now.
   *
   * @param message Anything.
   * @returns The message's index, or -1 if it was dropped.
   * @throws {Full} If it would have to wait.
   * @throws {QueueClosed} If the queue is closed.
   */
  publishNowait(message: T): number {
    return this.#broadcast.publishNowait(message);
  }

  /**
   * Subscribes, from the oldest message that is kept, or from an index. Repeating it starts anew.
   *
   * @param key Who subscribes; default: the calling coroutine, until it ends.
   * @param options `from`.
   * @returns An operation that gives nothing.
   */
  subscribe(key?: unknown, options: SubscribeOptions = {}): Operation<void> {
    return operation((resume) => {
      const { clock } = resume.scheduler;
      const subscriber = this.#broadcast.enrol(
        key ?? resume.task,
        clock,
        options.from ?? this.first,
      );
      if (key === undefined) {
        const task = resume.task as RunningTask<unknown>;
        subscriber.unwatch = task.watch(() => this.#broadcast.remove(subscriber));
      }
      resume.value();
    }, "subscribe");
  }

  /**
   * Ends a subscription; a `fetch` that waits for it fails with {@linkcode NotSubscribed}.
   *
   * @param key Who subscribed; default: the calling coroutine.
   * @returns An operation that gives whether there was a subscription.
   */
  unsubscribe(key?: unknown): Operation<boolean> {
    return operation((resume) => {
      const subscriber = this.#broadcast.subscribers.get(key ?? resume.task);
      if (subscriber !== undefined) this.#broadcast.remove(subscriber);
      resume.value(subscriber !== undefined);
    }, "unsubscribe");
  }

  /**
   * Takes all messages that the subscriber has not had; waits if there are none.
   *
   * @param key Who subscribed; default: the calling coroutine.
   * @param options `from`, `limit`, `timeout`, `priority`.
   * @returns An operation that gives one or more messages. If it is cancelled or times out, none is
   *   lost.
   * @throws {NotSubscribed} Where it is waited for, if there is no such subscription.
   * @throws {QueueClosed} Where it is waited for, if the queue is closed and all was read.
   * @throws {OperationTimeout} Where it is waited for, when the time is out.
   */
  fetch(key?: unknown, options: FetchOptions = {}): Operation<T[]> {
    return timed("fetch", options, (resume) => {
      return this.#broadcast.fetch(key ?? resume.task, options, resume);
    });
  }

  /**
   * Where a subscriber stands.
   *
   * @param key Who subscribed.
   * @returns The index of the message it gets next, or `undefined` if it is not subscribed.
   */
  position(key: unknown): number | undefined {
    const subscriber = this.#broadcast.subscribers.get(key);
    return subscriber && this.#broadcast.standsAt(subscriber);
  }

  /** Forgets the messages that all subscribers have had. */
  compact(): void {
    this.#broadcast.compact();
  }

  /** Lets no more in. Who waits in vain gets {@linkcode QueueClosed}. */
  close(): void {
    this.#broadcast.close();
  }

  /**
   * The messages for an async function, with `for await`. It subscribes now, unsubscribes when the
   * loop is left, and ends when the queue is closed and all was read.
   *
   * @param scheduler Where to wait.
   * @param options `from`.
   * @returns An async iterator of messages.
   */
  values(scheduler: TaskScheduler, options: SubscribeOptions = {}): AsyncIterableIterator<T> {
    const key = Symbol("async view");
    const subscriber = this.#broadcast.enrol(key, scheduler.clock, options.from ?? this.first);
    const fetch = this.fetch(key, { limit: 1, timeout: -1 });
    const next = function* next(): Coroutine<T> {
      const [message] = yield* fetch;
      return message as T;
    };
    return new AsyncView(scheduler, () => Call(next), {
      isEnd: (error) => error instanceof QueueClosed,
      onEnd: () => this.#broadcast.remove(subscriber),
    });
  }
}
