/**
 * The coroutines of this process that wait for jobs, and the loop that asks for jobs.
 *
 * One loop for each queue asks the transport for as many jobs as there are coroutines that wait, and only
 * while there are some: a job is leased for a taker. A job that comes after its taker has left is given back.
 * A job that was delivered too often goes to the log of dead letters first, and then leaves the queue: so it may
 * be there twice, and is never lost.
 *
 * `bus.ts` makes these, and `queue.ts` adds the takers.
 *
 * @module
 */

import type { BusCore } from "./core.ts";
import { BusClosed } from "./errors.ts";
import { decodeMessage } from "./message.ts";
import type { QueueSettings } from "./queue_options.ts";
import { pauseMs, Wakeup } from "./time.ts";
import type { LeasedJob, TakeLimits } from "./transport.ts";
import { keepWatch } from "./watch.ts";

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
  readonly #wakeup: Wakeup;
  readonly #waiting = new Set<Taker>();
  readonly #onUnused: () => void;
  #isRunning = false;

  /** @param onUnused Called when no coroutine waits any more. */
  constructor(core: BusCore, queue: string, onUnused: () => void) {
    this.#core = core;
    this.#queue = queue;
    this.#wakeup = new Wakeup(core.settings.clock);
    this.#onUnused = onUnused;
  }

  wait(taker: Taker): () => void {
    if (this.#core.isClosed) {
      taker.error(new BusClosed("The bus is closed"));
      return () => {};
    }
    this.#waiting.add(taker);
    this.#wakeup.wake();
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#core.keep(this);
      void this.#run();
    }
    return () => {
      this.#waiting.delete(taker);
      this.#wakeup.wake();
    };
  }

  close(): void {
    for (const taker of this.#waiting) taker.error(new BusClosed("The bus is closed"));
    this.#waiting.clear();
    this.#wakeup.wake();
  }

  async #run(): Promise<void> {
    const { settings } = this.#core;
    const { transport, report } = settings;
    const news = () => this.#wakeup.wake();
    const stopWatch = keepWatch(settings, () => transport.watch(this.#queue, news), news);
    for (let failures = 0; this.#waiting.size > 0;) {
      const [{ limits }] = this.#waiting as unknown as [Taker];
      const pollMs = Math.min(limits.leaseMs, transport.pollMs ?? 1000);
      try {
        const maxCount = Math.min(this.#waiting.size, 100);
        const bounds: TakeLimits = { maxCount, leaseMs: limits.leaseMs };
        const jobs = await transport.take(this.#queue, bounds);
        failures = 0;
        for (const job of jobs) await this.#give(job, limits);
        if (jobs.length === 0 && this.#waiting.size > 0) await this.#wakeup.wait(pollMs);
      } catch (error) {
        if (failures++ === 0) report(error);
        if (this.#waiting.size > 0) await this.#wakeup.wait(pauseMs(failures));
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
