/**
 * The threads of one app, and the requests that wait for a thread.
 *
 * A thread is started when a request finds none free. An app that cannot be loaded is not loaded again at once:
 * the pause doubles with each failure, and requests get the error of the last attempt meanwhile.
 *
 * Each server that has asked for a thread has the counts of the pool in `stats().threads`.
 *
 * `blocking.ts` makes the pool, and `request.ts` asks it for a thread.
 *
 * @module
 */

import type { Scheduler } from "../coroutine/mod.ts";
import { provideStats } from "../server/mod.ts";
import { after, milliseconds } from "../threads/mod.ts";
import { AppThread } from "./app_thread.ts";
import { deferred } from "./deferred.ts";
import { BlockingLoadError } from "./errors.ts";

/** The checked options of a pool. */
export interface PoolSettings {
  readonly module: string;
  readonly threads: number;
  readonly queue: number;
  readonly idleMs: number;
}

/** A request that asks for a thread. */
export class Ticket {
  /** The thread that the ticket has got. */
  granted: AppThread | undefined;
  readonly #thread = deferred<AppThread>();

  /** The thread, or the error of its start. */
  get thread(): Promise<AppThread> {
    return this.#thread.promise;
  }

  grant(thread: AppThread): void {
    this.granted = thread;
    this.#thread.resolve(thread);
  }

  reject(error: Error): void {
    this.#thread.reject(error);
  }
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/** The threads of an app. */
export class Pool {
  /** The counts since the start. */
  readonly counts = { served: 0, refused: 0, expired: 0, died: 0, lost: 0 };
  readonly #settings: PoolSettings;
  readonly #threads = new Set<AppThread>();
  /** The free threads; the one that was used last is the first to be used. */
  readonly #idle: AppThread[] = [];
  readonly #waiting = new Set<Ticket>();
  #loadError: Error | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  /** The time before which no thread is started, after a failure. */
  #pausedUntilMs = -Infinity;
  #isClosed = false;
  /** The schedulers with the counts of this pool, and the functions that remove the counts. */
  readonly #schedulers = new WeakSet<Scheduler>();
  readonly #stopStats: (() => void)[] = [];
  /** Called when the last thread of a closed pool has ended. */
  #emptied: () => void = () => {};

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** The threads with a request, and the requests without a thread. */
  get load(): { threads: number; busy: number; queued: number } {
    const busy = this.#count("busy");
    return { threads: this.#threads.size, busy, queued: this.#waiting.size };
  }

  /**
   * Asks for a thread.
   *
   * @param scheduler The scheduler of the request.
   * @returns `undefined` if the queue is full, or the pool is closed.
   */
  enter(scheduler: Scheduler): Ticket | undefined {
    this.#tellStats(scheduler);
    const ticket = new Ticket();
    const free = this.#idle.pop();
    if (free !== undefined) {
      this.#give(free, ticket);
      return ticket;
    }
    // The first requests of the line will have the threads that are loading.
    const mayStart = Math.max(0, this.#maxThreads - this.#threads.size);
    const line = this.#waiting.size - this.#count("loading") - mayStart;
    if (this.#isClosed || this.#maxThreads === 0 || line >= this.#settings.queue) {
      this.counts.refused++;
      return undefined;
    }
    this.#waiting.add(ticket);
    this.#start();
    return ticket;
  }

  /** Gives a ticket back that was not used. */
  leave(ticket: Ticket): void {
    this.#waiting.delete(ticket);
    if (ticket.granted?.state === "idle") this.free(ticket.granted);
  }

  /** Takes no more requests, and ends each thread as soon as it is free. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stopStats.splice(0)) stop();
    this.#refuseAll(new Error("The app in threads is closed"));
    const emptied = new Promise<void>((resolve) => this.#emptied = resolve);
    // Each thread that stops leaves the list.
    const stops = [...this.#idle].map((thread) => thread.stop());
    if (this.#threads.size > 0) await emptied;
    await Promise.all(stops);
  }

  // The methods of `ThreadHost`.

  free(thread: AppThread): void {
    this.#loadError = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    const [ticket] = this.#waiting;
    if (this.#isClosed) void thread.stop();
    else if (ticket !== undefined) this.#give(thread, ticket);
    else {
      this.#idle.push(thread);
      thread.cancelIdle();
      thread.cancelIdle = after(this.#settings.idleMs, () => void thread.stop());
    }
  }

  ended(thread: AppThread, loadError?: Error): void {
    this.#threads.delete(thread);
    const index = this.#idle.indexOf(thread);
    if (index >= 0) this.#idle.splice(index, 1);
    if (loadError !== undefined) this.#failedToLoad(loadError);
    if (this.#threads.size === 0) this.#emptied();
    this.#start();
  }

  lost(): void {
    this.counts.lost++;
  }

  died(): void {
    this.counts.died++;
  }

  /**
   * The number of threads that may run. Lost threads compute beside them, so that there are twice as many at most.
   */
  get #maxThreads(): number {
    const { threads } = this.#settings;
    return threads - Math.max(0, this.counts.lost - threads);
  }

  #tellStats(scheduler: Scheduler): void {
    if (this.#isClosed || this.#schedulers.has(scheduler)) return;
    this.#schedulers.add(scheduler);
    this.#stopStats.push(
      provideStats(scheduler, { threads: () => ({ ...this.load, ...this.counts }) }),
    );
  }

  #give(thread: AppThread, ticket: Ticket): void {
    this.#waiting.delete(ticket);
    thread.cancelIdle();
    ticket.grant(thread);
  }

  #start(): void {
    if (milliseconds() < this.#pausedUntilMs) return this.#refuseUnserved();
    while (
      !this.#isClosed && this.#threads.size < this.#maxThreads &&
      this.#count("loading") < this.#waiting.size
    ) this.#threads.add(new AppThread(this.#settings.module, this));
  }

  #failedToLoad(cause: Error): void {
    const { module } = this.#settings;
    this.#loadError = new BlockingLoadError(`Cannot load ${module}: ${cause.message}`, { cause });
    this.#pausedUntilMs = milliseconds() + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  /** No thread will be started for the requests that wait. */
  #refuseUnserved(): void {
    if (this.#threads.size === 0 && this.#loadError !== undefined) this.#refuseAll(this.#loadError);
  }

  #refuseAll(error: Error): void {
    for (const ticket of this.#waiting) ticket.reject(error);
    this.#waiting.clear();
  }

  #count(state: AppThread["state"]): number {
    let count = 0;
    for (const thread of this.#threads) if (thread.state === state) count++;
    return count;
  }
}
