/**
 * Publish and subscribe: every subscriber gets every message, at its own speed.
 *
 * This file has the public class, which makes operations of the methods of {@linkcode Broadcast}.
 *
 * @module
 */

import { bindMethods } from "../bind_methods.ts";
import {
  checkedOptions,
  checkScheduler,
  NO_OPTIONS,
  refuseOptionsAsKey,
  refuseSurplus,
} from "../call_checks.ts";
import { AsyncView } from "../interop/async_view.ts";
import { Broadcast } from "./broadcast.ts";
import { Call } from "../operations/call.ts";
import { type Operation, operation, type Resume } from "../operation.ts";
import { checkNames, optionError } from "../option_checks.ts";
import { QueueClosed } from "../operations/queue_errors.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { FetchOptions, PublishSubscribeOptions, SubscribeOptions } from "./subscription.ts";
import type { Coroutine, TaskScheduler } from "../task.ts";
import { timed, TIMEOUT_OPTIONS, type TimeoutOptions } from "../timed_operation.ts";

const SUBSCRIBE_OPTIONS: readonly (keyof SubscribeOptions)[] = ["from"];
const FETCH_OPTIONS: readonly string[] = [...TIMEOUT_OPTIONS, "limit", "from"];

/**
 * A queue in which each subscriber reads all messages.
 *
 * Messages are numbered from 0. A client that reconnects can go on behind the last index that it
 * has seen, such as the `Last-Event-ID` of server-sent events:
 * `subscribe(key, { from: last + 1 })`.
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
   * @throws {TypeError} If the lease is no duration.
   * @throws {RangeError} If the capacity is not 1 or more, or the lease is negative.
   */
  constructor(options: PublishSubscribeOptions = {}) {
    options = checkNames("PublishSubscribeQueue", options, ["capacity", "slowConsumer", "lease"]);
    this.#broadcast = new Broadcast(options);
    bindMethods(this, "publish", "publishNowait", "subscribe", "unsubscribe", "fetch");
    bindMethods(this, "position", "compact", "close");
  }

  /** The number of messages that the queue keeps. */
  get size(): number {
    return this.#broadcast.log.size;
  }

  /** The index of the oldest message that the queue keeps. */
  get first(): number {
    return this.#broadcast.log.first;
  }

  /** The index of the next message to be published. */
  get next(): number {
    return this.#broadcast.log.next;
  }

  /** The number of subscriptions. */
  get subscribers(): number {
    return this.#broadcast.subscribers.size;
  }

  /** The number of coroutines that wait in a `fetch` or a `publish`. */
  get waiting(): number {
    return this.#broadcast.fetchers.size + this.#broadcast.publishers.size;
  }

  /**
   * Publishes a message to all subscribers; waits if the queue is full and its policy is `wait`.
   *
   * @param message Any value.
   * @param options `timeout`, `priority`.
   * @returns An operation that gives the index of the message, or -1 if the message was dropped.
   * @throws {QueueClosed} At the `yield`, if the queue is closed.
   * @throws {OperationTimeout} At the `yield`, if the timeout expires.
   */
  publish(message: T, options: TimeoutOptions = NO_OPTIONS): Operation<number> {
    if (arguments.length > 2) refuseSurplus("publish", arguments, 2);
    return timed("publish", options, (resume) => this.#broadcast.publish(message, resume));
  }

  /**
   * Publishes a message to all subscribers without waiting.
   *
   * @param message Any value.
   * @returns The index of the message, or -1 if the message was dropped.
   * @throws {Full} If {@linkcode publish} would wait.
   * @throws {QueueClosed} If the queue is closed.
   */
  publishNowait(message: T): number {
    return this.#broadcast.publishNowait(message);
  }

  /**
   * Subscribes, from the oldest message that the queue keeps, or from an index. A second call with
   * the same key replaces the first subscription.
   *
   * @param key The key of the subscription, such as a client's id. Default: the calling coroutine;
   *   the subscription then ends with it.
   * @param options `from`.
   * @returns An operation without a value.
   */
  subscribe(key?: unknown, options: SubscribeOptions = NO_OPTIONS): Operation<void> {
    if (arguments.length > 2) refuseSurplus("subscribe", arguments, 2);
    refuseOptionsAsKey("subscribe", key, SUBSCRIBE_OPTIONS);
    const { from } = checkedOptions("subscribe", options, SUBSCRIBE_OPTIONS);
    return operation((resume) => {
      const { clock } = resume.scheduler;
      const subscriber = this.#broadcast.subscribe(
        key ?? resume.task,
        clock,
        from === undefined ? this.first : from,
      );
      if (key === undefined) {
        const task = resume.task as RunningTask<unknown>;
        subscriber.stopWatching = task.watch(() => this.#broadcast.unsubscribe(subscriber));
      }
      resume.value();
    }, "subscribe");
  }

  /**
   * Ends a subscription; its pending `fetch` fails with {@linkcode NotSubscribed}.
   *
   * @param key The key of the subscription. Default: the calling coroutine.
   * @returns An operation that gives whether there was a subscription.
   */
  unsubscribe(key?: unknown): Operation<boolean> {
    if (arguments.length > 1) refuseSurplus("unsubscribe", arguments, 1);
    return operation((resume) => {
      const subscriber = this.#broadcast.subscribers.get(key ?? resume.task);
      if (subscriber !== undefined) this.#broadcast.unsubscribe(subscriber);
      resume.value(subscriber !== undefined);
    }, "unsubscribe");
  }

  /**
   * Reads the messages that the subscriber has not read; waits until there is one.
   *
   * @param key The key of the subscription. Default: the calling coroutine.
   * @param options `from`, `limit`, `timeout`, `priority`.
   * @returns An operation that gives one or more messages. If the operation is cancelled or times
   *   out, no message is lost.
   * @throws {NotSubscribed} At the `yield`, if there is no such subscription.
   * @throws {QueueClosed} At the `yield`, if the queue is closed and the subscriber has read all
   *   messages.
   * @throws {OperationTimeout} At the `yield`, if the timeout expires.
   * @throws {RangeError} At the `yield`, if `limit` is below 1 or `from` is not a number.
   * @throws {TypeError} At the `yield`, if another `fetch` of the subscription is pending.
   */
  fetch(key?: unknown, options: FetchOptions = NO_OPTIONS): Operation<T[]> {
    if (arguments.length > 2) refuseSurplus("fetch", arguments, 2);
    refuseOptionsAsKey("fetch", key, FETCH_OPTIONS);
    const own = checkedOptions("fetch", options, FETCH_OPTIONS);
    const begin = (resume: Resume<T[]>) => this.#broadcast.fetch(key ?? resume.task, own, resume);
    return timed("fetch", own, begin, FETCH_OPTIONS);
  }

  /**
   * Gives the position of a subscriber.
   *
   * @param key The key of the subscription.
   * @returns The index of the next message to read, or `undefined` if there is no such
   *   subscription.
   * @throws {TypeError} If there is no key: a subscription of a coroutine has none to ask for.
   */
  position(key: unknown): number | undefined {
    if (key === undefined) {
      throw optionError("The key of position", key, "the key of a subscription");
    }
    const subscriber = this.#broadcast.subscribers.get(key);
    return subscriber && this.#broadcast.position(subscriber);
  }

  /**
   * Drops the messages that all subscribers have read.
   *
   * @returns The number of messages that were dropped.
   */
  compact(): number {
    return this.#broadcast.compact();
  }

  /**
   * Closes the queue: no more messages can be published, but subscribers can read the messages in
   * it. Each waiting `publish` and `fetch` fails with {@linkcode QueueClosed}.
   */
  close(): void {
    this.#broadcast.close();
  }

  /**
   * The messages for an async function, with `for await`. The call subscribes at once; leaving the
   * loop unsubscribes. The iteration ends when the queue is closed and all messages were read.
   *
   * @param scheduler The scheduler for the coroutines that wait.
   * @param options `from`.
   * @returns An async iterator of messages.
   */
  values(
    scheduler: TaskScheduler,
    options: SubscribeOptions = NO_OPTIONS,
  ): AsyncIterableIterator<T> {
    checkScheduler("values", scheduler);
    const { from } = checkedOptions("values", options, SUBSCRIBE_OPTIONS);
    const key = Symbol("async view");
    const first = from === undefined ? this.first : from;
    const subscriber = this.#broadcast.subscribe(key, scheduler.clock, first);
    const fetch = this.fetch(key, { limit: 1, timeout: -1 });
    const next = function* next(): Coroutine<T> {
      const [message] = yield* fetch;
      return message as T;
    };
    return new AsyncView(scheduler, () => Call(next), {
      isEnd: (error) => error instanceof QueueClosed,
      onEnd: () => this.#broadcast.unsubscribe(subscriber),
    });
  }
}
