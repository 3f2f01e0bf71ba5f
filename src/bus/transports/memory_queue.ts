/**
 * A queue in memory: jobs that are ready, and jobs that are leased.
 *
 * A lease that ends makes the job ready again, at the front. Times are those of an injected clock; nothing
 * happens by itself, because the bus asks again.
 *
 * `memory.ts` makes these.
 *
 * @module
 */

import type { Clock } from "../../coroutine/mod.ts";
import type { LeasedJob, Settlement, TakeLimits } from "../transport.ts";

interface QueuedJob {
  readonly number: number;
  readonly text: string;
  /** The number of deliveries. */
  deliveries: number;
  /** The time from which on the job may be delivered. */
  readyAt: number;
  /** The length of its lease. */
  leaseMs: number;
}

/** The jobs of one queue. */
export class MemoryQueue {
  readonly #clock: Pick<Clock, "now">;
  /** The jobs that were never delivered. */
  readonly #fresh = new Set<QueuedJob>();
  /** The jobs that were delivered, and are not done. */
  readonly #delivered = new Map<number, QueuedJob>();
  #number = 0;
  #length = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The number of jobs. */
  get size(): number {
    return this.#fresh.size + this.#delivered.size;
  }

  /** The number of characters of all jobs. */
  get length(): number {
    return this.#length;
  }

  /** Adds a job. */
  add(text: string): void {
    this.#length += text.length;
    this.#fresh.add({ number: ++this.#number, text, deliveries: 0, readyAt: 0, leaseMs: 0 });
  }

  /** Leases jobs; those first whose lease has ended. */
  take({ maxCount, leaseMs }: TakeLimits): LeasedJob[] {
    const now = this.#clock.now();
    const due = [...this.#delivered.values()].filter(({ readyAt }) => readyAt <= now);
    const jobs: LeasedJob[] = [];
    for (const list of [due, this.#fresh]) {
      for (const job of list) {
        if (jobs.length >= maxCount) return jobs;
        this.#fresh.delete(job);
        this.#delivered.set(job.number, job);
        job.readyAt = now + leaseMs;
        job.leaseMs = leaseMs;
        job.deliveries++;
        const receipt = `${job.number}.${job.deliveries}`;
        jobs.push({ receipt, delivery: job.deliveries, text: job.text });
      }
    }
    return jobs;
  }

  /** Ends or extends a delivery; see `BusTransport.settle`. */
  settle(receipt: string, settlement: Settlement): boolean {
    const [number, delivery] = receipt.split(".").map(Number) as [number, number];
    const job = this.#delivered.get(number);
    const now = this.#clock.now();
    // A job may be done after its lease, as long as no other taker has it.
    if (job === undefined || job.deliveries !== delivery) return false;
    if (settlement.kind === "done") {
      this.#delivered.delete(number);
      this.#length -= job.text.length;
    } else job.readyAt = now + (settlement.kind === "again" ? settlement.delayMs : job.leaseMs);
    return true;
  }
}
