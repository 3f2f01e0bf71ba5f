/**
 * The scheduler: runs coroutines in turns, and gives the host's event loop its turn in between.
 *
 * A turn runs only what is ready when it starts, least used first, and ends when its quantum is
 * over. Driven by its clock, the scheduler runs turn after turn until the quantum is spent or
 * nothing is ready; then input and output are polled. All state is here: several schedulers live in
 * one process.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import { type Deadline, type Duration, toMilliseconds } from "./duration.ts";
import { ReadyQueue } from "./ready_queue.ts";
import { SignalBoard } from "./signal_board.ts";
import type { Suspension } from "./suspension.ts";
import { type Coroutine, type CoroutineFunction, Task } from "./task.ts";

/** Options of {@linkcode Scheduler}. */
export interface SchedulerOptions {
  /** Time and turns. */
  readonly clock: Clock;
  /** For operations that are given no `timeout`; -1 (the default) for none. */
  readonly defaultTimeout?: Deadline;
  /** How long a turn may last before the host's event loop is polled. Default 1 ms. */
  readonly quantum?: Duration;
  /**
   * Hears of each error that ended a coroutine nobody joins. Default: a rejected promise that
   * nobody handles, which every runtime reports.
   */
  readonly onError?: (error: unknown, task: Task<unknown>) => void;
}

/** What {@linkcode Scheduler.stats} counts. */
export interface SchedulerStats {
  /** Coroutines that have not ended. */
  readonly tasks: number;
  /** Of these, how many are ready to run. */
  readonly ready: number;
  /** Deadlines that are set. */
  readonly deadlines: number;
  /** Waits for a signal, and signals that wait for recipients. */
  readonly signals: number;
}

/**
 * Runs coroutines.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Signal, WaitForSignal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const listener = scheduler.add(function* () {
 *   return yield* WaitForSignal<string>("abc");
 * });
 * scheduler.add(function* () {
 *   yield* Signal("abc", "hi");
 * });
 * clock.advance(0);
 * assertEquals(listener.result, "hi");
 * ```
 */
export class Scheduler {
  readonly clock: Clock;
  readonly defaultTimeout: Deadline;
  /** The signals of this scheduler. For the signal operations. */
  readonly signals: SignalBoard = new SignalBoard();

  readonly #quantum: number;
  readonly #onError: (error: unknown, task: Task<unknown>) => void;
  readonly #ready = new ReadyQueue<Task<unknown>>();
  readonly #deadlines = new DeadlineHeap<Suspension>();
  readonly #idle: (() => void)[] = [];
  #failed: Task<unknown>[] = [];
  #firstTask: Task<unknown> | undefined;
  #tasks = 0;
  #running: Task<unknown> | undefined;
  #driving = false;
  #deferred = false;
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(options: SchedulerOptions) {
    this.clock = options.clock;
    this.defaultTimeout = options.defaultTimeout ?? -1;
    this.#quantum = toMilliseconds(options.quantum ?? 0.001);
    this.#onError = options.onError ?? ((error) => void Promise.reject(error));
  }

  /**
   * Adds a coroutine; it first runs in the next turn.
   *
   * @param fn Usually a generator function.
   * @param args Its arguments.
   * @returns The task, to be joined or cancelled.
   */
  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T> {
    const task = this.#create(fn, args);
    this.enqueue(task as Task<unknown>);
    return task;
  }

  /**
   * Adds a coroutine and runs its first step at once, if called from outside any coroutine.
   *
   * For callbacks of the host, which come between turns: the newcomer has used no time, so it is
   * next anyway, and a turn of the host is saved.
   */
  start<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T> {
    const task = this.#create(fn, args);
    if (this.#driving) this.enqueue(task as Task<unknown>);
    else this.#runNow(task as Task<unknown>);
    return task;
  }

  /** The coroutine that is being stepped. */
  get current(): Task<unknown> | undefined {
    return this.#running;
  }

  /** The coroutines that have not ended, youngest first. */
  *tasks(): Generator<Task<unknown>, void, unknown> {
    for (let task = this.#firstTask; task !== undefined; task = task.nextTask) yield task;
  }

  stats(): SchedulerStats {
    return {
      tasks: this.#tasks,
      ready: this.#ready.size,
      deadlines: this.#deadlines.size,
      signals: this.signals.size,
    };
  }

  /**
   * Runs one turn: all that is ready now, as far as the quantum reaches.
   *
   * @returns Whether anything is ready for another turn.
   * @throws {TypeError} If called from inside a turn.
   */
  step(): boolean {
    if (this.#driving) throw new TypeError("Cannot step a scheduler from inside its own turn");
    this.#driving = true;
    try {
      this.#turn(this.clock.now());
    } finally {
      this.#driving = false;
      this.#plan();
    }
    return this.#ready.size > 0;
  }

  /** Resolves when no coroutine is left. */
  run(): Promise<void> {
    if (this.#tasks === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Cancels every coroutine, and resolves when all have ended. */
  shutdown(): Promise<void> {
    for (const task of [...this.tasks()]) task.cancel();
    return this.run();
  }

  /** Makes a task ready. For {@linkcode Task} alone. */
  enqueue(task: Task<unknown>): void {
    this.#ready.add(task);
    this.#wake();
  }

  /** Sets a deadline. For {@linkcode Suspension} alone. */
  addDeadline(suspension: Suspension, milliseconds: number): void {
    suspension.time = this.clock.now() + milliseconds;
    this.#deadlines.add(suspension);
    if (!this.#driving) this.#arm();
  }

  /** Forgets a deadline. For {@linkcode Suspension} alone. */
  removeDeadline(suspension: Suspension): void {
    this.#deadlines.remove(suspension);
  }

  /** A task has ended. For {@linkcode Task} alone. */
  ended(task: Task<unknown>): void {
    this.#unlink(task);
    if (task.state === "failed" && !task.observed) {
      this.#failed.push(task);
      this.#wake(); // so that the report comes even if nothing else is to be done
    }
    if (this.#tasks === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
  }

  /** Tells the error sink, whose own errors are not ours. */
  report(error: unknown, task: Task<unknown>): void {
    try {
      this.#onError(error, task);
    } catch (sinkError) {
      void Promise.reject(sinkError);
    }
  }

  #create<A extends unknown[], T>(fn: CoroutineFunction<A, T>, args: A): Task<T> {
    const coroutine: unknown = fn(...args);
    if (!isCoroutine<T>(coroutine)) {
      throw new TypeError(
        `Cannot add ${fn.name || "a function"}: expected a generator function, got one that ` +
          `returns ${coroutine === null ? "null" : typeof coroutine}`,
      );
    }
    const task = new Task<T>(this, coroutine, fn.name || "anonymous", this.#running);
    this.#link(task as Task<unknown>);
    return task;
  }

  #runNow(task: Task<unknown>): void {
    this.#driving = true;
    try {
      this.#stepTask(task);
    } finally {
      this.#driving = false;
    }
    this.#plan();
  }

  #turn(start: number): void {
    for (let due; (due = this.#deadlines.takeDue(start)) !== undefined;) due.expire();
    const arrivals = this.#ready.arrivals;
    let before = start;
    for (let task; (task = this.#ready.take(arrivals)) !== undefined;) {
      this.#stepTask(task);
      const now = this.clock.now();
      task.attained += now - before;
      before = now;
      if (now - start >= this.#quantum) break;
    }
    if (this.#failed.length > 0) this.#reportFailures();
  }

  #stepTask(task: Task<unknown>): void {
    this.#running = task;
    task.step();
    this.#running = undefined;
  }

  #reportFailures(): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const task of failed) if (!task.observed) this.report(task.error, task);
  }

  readonly #drive = (): void => {
    this.#deferred = false;
    const end = this.clock.now() + this.#quantum;
    this.#driving = true;
    try {
      do this.#turn(this.clock.now()); while (this.#ready.size > 0 && this.clock.now() < end);
    } finally {
      this.#driving = false;
      this.#plan();
    }
  };

  /** After a turn: asks for the next one, now or when the earliest deadline comes. */
  #plan(): void {
    if (this.#ready.size > 0 || this.#failed.length > 0) this.#wake();
    this.#arm();
  }

  #wake(): void {
    if (this.#driving || this.#deferred) return;
    this.#deferred = true;
    this.clock.defer(this.#drive);
  }

  /** A timer that is too early fires for nothing, once; that is cheaper than moving it each time. */
  #arm(): void {
    const earliest = this.#deadlines.earliest;
    if (earliest === Infinity) return this.#disarm();
    if (earliest >= this.#timerAt) return;
    this.#disarm();
    this.#timerAt = earliest;
    const delay = Math.min(Math.max(0, earliest - this.clock.now()), MAX_TIMER);
    this.#cancelTimer = this.clock.setTimer(delay, () => {
      this.#timerAt = Infinity;
      this.#cancelTimer = undefined;
      this.#drive();
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Infinity;
  }

  #link(task: Task<unknown>): void {
    const first = this.#firstTask;
    task.nextTask = first;
    if (first !== undefined) first.previousTask = task;
    this.#firstTask = task;
    this.#tasks++;
  }

  #unlink(task: Task<unknown>): void {
    const { previousTask, nextTask } = task;
    if (previousTask === undefined) this.#firstTask = nextTask;
    else previousTask.nextTask = nextTask;
    if (nextTask !== undefined) nextTask.previousTask = previousTask;
    task.previousTask = task.nextTask = undefined;
    this.#tasks--;
  }
}

/** Timers of every runtime overflow above 2^31 - 1 ms; a day early is woken for nothing. */
const MAX_TIMER = 86_400_000;

function isCoroutine<T>(value: unknown): value is Coroutine<T> {
  return typeof value === "object" && value !== null &&
    typeof (value as { next?: unknown }).next === "function";
}
