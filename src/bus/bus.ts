/**
 * The bus of a process, and `openBus`, which makes it.
 *
 * A bus has no state of its own beyond waits, messages that are not sent yet, and the tails of logs that are
 * read. The same parts serve the bus itself and its views for requests; only the operations differ.
 *
 * @module
 */

import { start } from "../coroutine/internal.ts";
import {
  type HostAsyncDisposable,
  isOperation,
  type Operation,
  optionError,
  type TimeoutOptions,
  toPromise,
} from "../coroutine/mod.ts";
import type {
  BusOf,
  BusQueueOf,
  BusQueueOptions,
  BusTopicOf,
  RequestBus,
  ServedBus,
  Waiter,
} from "../wsgi/mod.ts";
import { checkName } from "./checks.ts";
import { BusCore, type Wrap } from "./core.ts";
import { Queue } from "./queue.ts";
import { resolveQueueOptions } from "./queue_options.ts";
import { type BusOptions, resolveBusOptions } from "./settings.ts";
import { Signals } from "./signals.ts";
import { Takers } from "./takers.ts";
import { Topic } from "./topic.ts";
import type { BusTransport } from "./transport.ts";

/** Counts of a bus. */
export interface BusStats {
  /** The messages that the broker has not confirmed. */
  readonly pending: number;
  /** The topics that are read. */
  readonly topics: number;
  /** The coroutines that wait for a signal. */
  readonly signalWaiters: number;
}

/** A bus; {@linkcode openBus} makes it. Its operations are for any coroutine. */
export interface Bus extends ServedBus, HostAsyncDisposable {
  /**
   * Runs an operation, for async code without a request: `await bus.run(bus.signal("ready"))`. The operation begins
   * in the call.
   *
   * @param operation An operation of the bus, or any other.
   * @returns A promise of its value.
   */
  run<T>(operation: Operation<T>): Promise<T>;
  /** Counts for monitoring. */
  stats(): BusStats;
  /**
   * Ends all waits with {@linkcode BusClosed}, and closes the transport. Messages that the broker has not
   * confirmed may be lost: wait for `publish` and `put` before.
   */
  close(): Promise<void>;
}

/**
 * Opens a bus over a transport.
 *
 * @param transport The engine: `memoryTransport()`, `channelTransport(channel)`, `redisTransport(client)` or
 *   `natsTransport(connection, jetstream)`.
 * @param options The bounds, and the receiver of errors.
 * @returns The bus. It is not connected yet: the first call waits for the broker.
 * @throws {TypeError} If the transport is none, or an option is unknown or of a wrong kind.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryTransport, openBus } from "@x/cogen-wsgi/bus";
 *
 * const bus = await openBus(memoryTransport());
 * const news = bus.topic<string>("news");
 * const subscription = await bus.run(news.subscribe());
 * await bus.run(news.publish("It works"));
 * const item = await bus.run(subscription.receive());
 * assertEquals(item.kind === "message" && item.value, "It works");
 * await bus.close();
 * ```
 */
export async function openBus(transport: BusTransport, options: BusOptions = {}): Promise<Bus> {
  return new OpenedBus(new BusCore(await resolveBusOptions(transport, options)));
}

/** The parts that a bus and its views share. */
interface Parts {
  readonly core: BusCore;
  readonly signals: Signals;
  /** The takers by the name of the queue in the transport, as long as there are some. */
  readonly takers: Map<string, Takers>;
}

/** A bus whose operations `wrap` has changed. */
class BusView implements BusOf<"plain"> {
  readonly #parts: Parts;
  readonly #wrap: Wrap;

  constructor(parts: Parts, wrap: Wrap) {
    this.#parts = parts;
    this.#wrap = wrap;
  }

  signal(name: string, value: unknown = null): Operation<number | undefined> {
    return this.#wrap(this.#parts.signals.send(checkName("signal", name), value));
  }

  waitForSignal<T = unknown>(name: string, options?: TimeoutOptions): Operation<T> {
    const wait = this.#parts.signals.wait(checkName("signal", name), options);
    return this.#wrap(wait as Operation<T>);
  }

  topic<T = unknown>(name: string): BusTopicOf<T, "plain"> {
    return new Topic(this.#parts.core, this.#wrap, checkName("topic", name), `t:${name}`);
  }

  queue<T = unknown>(name: string, options: BusQueueOptions = {}): BusQueueOf<T, "plain"> {
    const { core, takers } = this.#parts;
    const queue = `q:${checkName("queue", name)}`;
    const settings = { name, queue, dead: `d:${name}`, ...resolveQueueOptions(options) };
    return new Queue(core, this.#wrap, () => {
      const own = takers.get(queue) ?? new Takers(core, queue, () => takers.delete(queue));
      takers.set(queue, own);
      return own;
    }, settings);
  }
}

class OpenedBus extends BusView implements Bus {
  readonly #parts: Parts;

  constructor(core: BusCore) {
    const parts = { core, signals: new Signals(core), takers: new Map() };
    super(parts, (operation) => operation);
    this.#parts = parts;
  }

  bind(waiter: Pick<Waiter, "wait">): RequestBus {
    const wrap: Wrap = (operation) => waiter.wait(operation);
    // Every operation of the view is one that the waiter has bound.
    return new BusView(this.#parts, wrap) as unknown as RequestBus;
  }

  run<T>(operation: Operation<T>): Promise<T> {
    // A coroutine, which is a generator, can be run as well.
    const isCoroutine = typeof (Object(operation) as { next?: unknown }).next === "function";
    if (!isOperation(operation) && !isCoroutine) {
      throw optionError(
        "The argument of run",
        operation,
        "an operation, such as topic.publish(value)",
      );
    }
    const { core } = this.#parts;
    const promise: Promise<T> = toPromise(start(core.settings.scheduler, function* () {
      try {
        return yield* operation;
      } catch (error) {
        // The waits that are left at the end of a program must not make it fail. There is no promise yet if an
        // operation fails when it begins.
        if (core.isClosed) void Promise.resolve().then(() => promise.catch(() => {}));
        throw error;
      }
    }));
    return promise;
  }

  stats(): BusStats {
    const { core, signals } = this.#parts;
    return { pending: core.outbox.count, topics: core.tails, signalWaiters: signals.size };
  }

  async close(): Promise<void> {
    const { core } = this.#parts;
    if (core.isClosed) return;
    core.close();
    await core.settings.transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
