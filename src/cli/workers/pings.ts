/**
 * Pings to the workers: one that does not answer for a time is killed.
 *
 * Workers answer also while they load. Unanswered pings are counted, so a machine that slept does not look like a
 * worker that stands still.
 *
 * `supervisor.ts` owns this.
 *
 * @module
 */

import type { Worker } from "./supervised_worker.ts";

/** The smallest number of pings without an answer after which a worker is killed. */
const MIN_UNANSWERED = 5;
/** The longest time between two pings. The answers also tell the load of a worker. */
const MAX_PING_SECONDS = 5;

/** The clock, and the reports of the supervisor. */
export interface PingHost {
  after(seconds: number, job: () => void): () => void;
  say(text: string): void;
}

/** The pings to some workers. */
export class Pings {
  readonly #workers: ReadonlySet<Worker>;
  readonly #timeout: number;
  readonly #host: PingHost;
  readonly #seconds: number;
  #cancel: (() => void) | undefined;

  /**
   * @param workers The workers, which may change.
   * @param timeout The seconds after which a worker that does not answer is killed.
   * @param host The clock and the reports.
   */
  constructor(workers: ReadonlySet<Worker>, timeout: number, host: PingHost) {
    this.#workers = workers;
    this.#timeout = timeout;
    this.#host = host;
    this.#seconds = Math.min(timeout / MIN_UNANSWERED, MAX_PING_SECONDS);
  }

  begin(): void {
    this.#cancel = this.#host.after(this.#seconds, () => {
      for (const worker of this.#workers) this.#ping(worker);
      this.begin();
    });
  }

  end(): void {
    this.#cancel?.();
  }

  #ping(worker: Worker): void {
    if (worker.unanswered < this.#timeout / this.#seconds) {
      worker.unanswered++;
      return worker.send({ type: "ping" });
    }
    this.#host.say(`${worker.title} has not answered for ${this.#timeout} s: it is killed`);
    worker.running.kill();
  }
}
