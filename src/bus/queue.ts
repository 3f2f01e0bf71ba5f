/**
 * Queues: jobs that are leased, acknowledged, delivered again, and at last dead letters.
 *
 * One loop for each queue asks the transport for as many jobs as there are coroutines that wait, and only
 * while there are some: a job is leased for a taker. A job that comes after its taker has left is given back.
 * A job that was delivered too often goes to the log of dead letters first, and then leaves the queue: so it may
 * be there twice, and is never lost.
 *
 * `bus.ts` makes these.
 *
 * @module
 */

import {
  checkNames,
  type Duration,
  type Operation,
  operation,
  toMilliseconds,
} from "../coroutine/mod.ts";
import type { BusJobOf, BusQueueOf, BusQueueOptions, BusTopicOf } from "../wsgi/mod.ts";
import { checkCount } from "./checks.ts";
import type { BusCore, Wrap } from "./core.ts";
import { BusClosed } from "./errors.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { Bell, pauseMs } from "./time.ts";
import { Topic } from "./topic.ts";
import type { LeasedJob, Settlement, TakeLimits } from "./transport.ts";

/** The options of a queue, after every check. */
export interface QueueSettings {
  readonly name: string;
  /** The name of the queue and of the log of its dead letters in the transport. */
  readonly queue: string;
  readonly dead: string;
  readonly leaseMs: number;
  readonly maxDeliveries: number;
}

/** @throws {TypeError} If an option is unknown or of a wrong kind. */
export function resolveQueueOptions(
  options: BusQueueOptions,
): Pick<QueueSettings, "leaseMs" | "maxDeliveries"> {
  checkNames("queue", options, ["lease", "maxDeliveries"]);
  const leaseMs = toMilliseconds(options.lease ?? 30, "lease of queue");
  const { maxDeliveries = 5 } = options;
  if (leaseMs >= 1 && leaseMs < Infinity) {
    return { leaseMs, maxDeliveries: checkCount("maxDeliveries of queue", maxDeliveries) };
  }
  throw new RangeError(`lease of queue is ${leaseMs / 1000} seconds: expected 0.001 or more`);
}

/** The queue of one name. */
export class Queue<T> implements BusQueueOf<T, "plain"> {
  readonly name: string;
  readonly deadLetters: BusTopicOf<T, "plain">;
  readonly #core: BusCore;
  readonly #wrap: Wrap;
  readonly #takers: () => Takers;
  readonly #settings: QueueSettings;

  /** @param takers Gives the coroutines of this process that wait for jobs. */
  constructor(core: BusCore, wrap: Wrap, takers: () => Takers, settings: QueueSettings) {
    this.name = settings.name;
    this.deadLetters = new Topic(core, wrap, settings.name, settings.dead);
    this.#core = core;
    this.#wrap = wrap;
    this.#takers = takers;
    this.#settings = settings;
  }

  put(value: T): Operation<void> {
    const text = encodeMessage(value, this.#core.settings.maxMessageBytes);
    const destination = { kind: "queue", name: this.#settings.queue } as const;
    return this.#wrap(
      operation<void>((resume) =>
        this.#core.outbox.begin(destination, text, {
          value: () => resume.value(),
          error: (error) => resume.error(error),
        }), `put(${this.name})`),
    );
  }

  take(): Operation<BusJobOf<T, "plain">> {
    return this.#wrap(
      operation<BusJobOf<T, "plain">>((resume) =>
        this.#takers().wait({
          limits: this.#settings,
          isSettled: () => resume.settled,
          error: (error) => resume.error(error),
          value: (job, value) =>
            resume.value(new Job(this.#core, this.#wrap, this.#settings, job, value as T)),
        }), `take(${this.name})`),
    );
  }
}

/** A job, as its taker sees it. */
class Job<T> implements BusJobOf<T, "plain"> {
  readonly value: T;
  readonly delivery: number;
  readonly #core: BusCore;
  readonly #wrap: Wrap;
  readonly #settings: QueueSettings;
  readonly #receipt: string;

  constructor(core: BusCore, wrap: Wrap, settings: QueueSettings, job: LeasedJob, value: T) {
    this.value = value;
    this.delivery = job.delivery;
    this.#core = core;
    this.#wrap = wrap;
    this.#settings = settings;
    this.#receipt = job.receipt;
  }

  acknowledge(): Operation<boolean> {
    return this.#settle("acknowledge", { kind: "done" });
  }

  release(delay: Duration = 0): Operation<boolean> {
    const delayMs = toMilliseconds(delay, "The delay of release");
    return this.#settle("release", { kind: "again", delayMs });
  }

  extend(): Operation<boolean> {
    return this.#settle("extend", { kind: "extend" });
  }

  #settle(name: string, settlement: Settlement): Operation<boolean> {
    const { queue } = this.#settings;
    const { transport } = this.#core.settings;
    return this.#wrap(
      this.#core.call(
        `${name}(${this.#settings.name})`,
        () => transport.settle(queue, this.#receipt, settlement),
      ),
    );
  }
}

/** A coroutine that waits for a job. */
interface Taker {
  readonly limits: QueueSettings;
  isSettled(): boolean;
  value(job: LeasedJob, value: unknown): void;
  error(error: unknown): void;
}

/** The coroutines of this process that wait for jobs of one queue. */
export class Takers {
  readonly #core: BusCore;
  readonly #queue: string;
  readonly #bell: Bell;
  readonly #waiting = new Set<Taker>();
  readonly #onUnused: () => void;
  #isRunning = false;

  /** @param onUnused Called when no coroutine waits any more. */
  constructor(core: BusCore, queue: string, onUnused: () => void) {
    this.#core = core;
    this.#queue = queue;
    this.#bell = new Bell(core.settings.clock);
    this.#onUnused = onUnused;
  }

  wait(taker: Taker): () => void {
    if (this.#core.isClosed) {
      taker.error(new BusClosed("The bus is closed"));
      return () => {};
    }
    this.#waiting.add(taker);
    this.#bell.ring();
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#core.keep(this);
      void this.#run();
    }
    return () => {
      this.#waiting.delete(taker);
      this.#bell.ring();
    };
  }

  close(): void {
    for (const taker of this.#waiting) taker.error(new BusClosed("The bus is closed"));
    this.#waiting.clear();
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { transport, report } = this.#core.settings;
    const stopWatch = transport.watch(this.#queue, () => this.#bell.ring());
    for (let failures = 0; this.#waiting.size > 0;) {
      const [{ limits }] = this.#waiting as unknown as [Taker];
      const pollMs = Math.min(limits.leaseMs, transport.pollMs ?? 1000);
      try {
        const maxCount = Math.min(this.#waiting.size, 100);
        const bounds: TakeLimits = { maxCount, leaseMs: limits.leaseMs };
        const jobs = await transport.take(this.#queue, bounds);
        failures = 0;
        for (const job of jobs) await this.#give(job, limits);
        if (jobs.length === 0 && this.#waiting.size > 0) await this.#bell.wait(pollMs);
      } catch (error) {
        if (failures++ === 0) report(error);
        if (this.#waiting.size > 0) await this.#bell.wait(pauseMs(failures));
      }
    }
    stopWatch();
    this.#isRunning = false;
    this.#core.forget(this);
    this.#onUnused();
  }

  /** Gives a job to the taker that has waited longest. */
  async #give(job: LeasedJob, { dead, maxDeliveries }: QueueSettings): Promise<void> {
    const { transport, producer, report } = this.#core.settings;
    const message = decodeMessage(job.text);
    if (job.delivery > maxDeliveries) {
      // A name of its own, so that an attempt that is made again adds nothing.
      const messages = [{ sequence: 1, text: job.text }];
      await transport.append(dead, { producer: `${producer}.${job.receipt}`, messages });
      await transport.settle(this.#queue, job.receipt, { kind: "done" });
      return;
    }
    if (message === undefined) {
      // A worker of a newer version may know the schema: the lease ends, and the job is delivered again.
      return report(new TypeError(`A job of the queue has a schema that is not known`));
    }
    for (const taker of this.#waiting) {
      this.#waiting.delete(taker);
      if (taker.isSettled()) continue;
      return taker.value(job, message.value);
    }
    await transport.settle(this.#queue, job.receipt, { kind: "again", delayMs: 0 });
  }
}
