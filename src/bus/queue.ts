/**
 * Queues: jobs that are leased, acknowledged, delivered again, and at last dead letters.
 *
 * `bus.ts` makes these.
 *
 * @module
 */

import { type Duration, type Operation, operation, toMilliseconds } from "../coroutine/mod.ts";
import type { BusJobOf, BusQueueOf, BusTopicOf } from "../wsgi/mod.ts";
import type { BusCore, Wrap } from "./core.ts";
import { encodeMessage } from "./message.ts";
import type { QueueSettings } from "./queue_options.ts";
import type { Takers } from "./takers.ts";
import { Topic } from "./topic.ts";
import type { LeasedJob, Settlement } from "./transport.ts";

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
