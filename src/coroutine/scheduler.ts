/**
 * The scheduler: runs coroutines in turns, and gives the host's event loop its turn in between.
 *
 * All state is in the object: several schedulers live in one process.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { type Deadline, type Duration, toMilliseconds } from "./duration.ts";
import { Kernel } from "./kernel/kernel.ts";
import { checkPriority, type Priority, priority } from "./priority.ts";
import { RunningTask } from "./kernel/running_task.ts";
import { SignalBoard } from "./operations/signal_board.ts";
import type { Coroutine, CoroutineFunction, Task } from "./task.ts";
import { Tracer } from "./tracer.ts";
import { handleRejection } from "./operations/until.ts";

/** Options of {@linkcode Scheduler}. */
export interface SchedulerOptions {
  /** Time and turns. */
  readonly clock: Clock;
  /** For operations that are given no `timeout`; -1 (the default) for none. */
  readonly defaultTimeout?: Deadline;
  /** For operations that are given no `priority`; default `priority.LAST`. */
  readonly defaultPriority?: Priority;
  /**
   * Remember where each coroutine waits, and since when, for {@linkcode traceTasks}. Costs a stack
   * trace an operation. Default `false`.
   */
  readonly debug?: boolean;
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
  /** Time and turns, as they were handed in. */
  readonly clock: Clock;
  /** The timeout of operations that are given none; -1 for none. */
  readonly defaultTimeout: Deadline;

  readonly #kernel: Kernel;
  readonly #state = new Map<() => unknown, unknown>();

  /**
   * Makes a scheduler without coroutines.
   *
   * @param options The clock, and what differs from the defaults.
   * @throws {RangeError} If the quantum is negative, or the priority none of the four.
   */
  constructor(options: SchedulerOptions) {
    this.clock = options.clock;
    this.defaultTimeout = options.defaultTimeout ?? -1;
    checkPriority(options.defaultPriority);
    this.#kernel = new Kernel(this, options.clock, {
      quantum: toMilliseconds(options.quantum ?? 0.001),
      defaultPriority: options.defaultPriority ?? priority.LAST,
      tracer: options.debug ? new Tracer(options.clock) : undefined,
      onError: options.onError ?? ((error) => void Promise.reject(error)),
    });
  }

  /**
   * Adds a coroutine; it first runs in the next turn.
   *
   * @param fn Usually a generator function.
   * @param args Its arguments.
   * @returns The task, to be joined or cancelled.
   * @throws {TypeError} If `fn` gives no generator.
   */
  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T> {
    return this.#admit(fn, args, false);
  }

  /**
   * Adds a coroutine and runs its first step at once, if called from outside any coroutine.
   *
   * For callbacks of the host, which come between turns: the newcomer has used no time, so it is
   * next anyway, and a turn of the host is saved.
   *
   * @param fn Usually a generator function.
   * @param args Its arguments.
   * @returns The task, to be joined or cancelled.
   * @throws {TypeError} If `fn` gives no generator.
   */
  start<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T> {
    return this.#admit(fn, args, true);
  }

  /**
   * As {@linkcode start}, for a coroutine that is there already. No task is made of one that ends in its
   * first step, which is cheaper.
   *
   * @param coroutine A generator that has not begun.
   * @param name What its task is called.
   * @returns The task; `undefined` if the coroutine has ended and nobody has asked for its task.
   */
  launch(coroutine: Coroutine<unknown>, name: string): Task<unknown> | undefined {
    return this.#kernel.launch(coroutine, name);
  }

  /** The coroutine that is being stepped. */
  get current(): Task<unknown> | undefined {
    return this.#kernel.running;
  }

  /**
   * The coroutines that have not ended, youngest first.
   *
   * @returns An iterator over them.
   */
  tasks(): IterableIterator<Task<unknown>> {
    return this.#kernel.tasks();
  }

  /**
   * Counts what there is, for watching and for tests that nothing is left behind.
   *
   * @returns The counts now.
   */
  stats(): SchedulerStats {
    return {
      tasks: this.#kernel.taskCount,
      ready: this.#kernel.readyCount,
      deadlines: this.#kernel.deadlineCount,
      signals: SignalBoard.of(this).size,
    };
  }

  /**
   * What an operation keeps for each scheduler, such as who waits for which signal.
   *
   * @param create Makes it, the first time; the function itself is the key.
   * @returns What it made.
   */
  state<T>(create: () => T): T {
    if (!this.#state.has(create)) this.#state.set(create, create());
    return this.#state.get(create) as T;
  }

  /**
   * Runs one turn: all that is ready now, as far as the quantum reaches.
   *
   * @returns Whether anything is ready for another turn.
   * @throws {TypeError} If called from inside a turn.
   */
  step(): boolean {
    return this.#kernel.step();
  }

  /**
   * Waits for the end of all coroutines.
   *
   * @returns Resolves when none is left.
   */
  run(): Promise<void> {
    return this.#kernel.whenIdle();
  }

  /**
   * Cancels every coroutine.
   *
   * @returns Resolves when all have ended.
   */
  shutdown(): Promise<void> {
    for (const task of [...this.tasks()]) task.cancel();
    return this.run();
  }

  #admit<A extends unknown[], T>(fn: CoroutineFunction<A, T>, args: A, now: boolean): Task<T> {
    const coroutine: unknown = fn(...args);
    if (!isCoroutine<T>(coroutine)) {
      handleRejection(coroutine);
      throw new TypeError(
        `Cannot add ${fn.name || "a function"}: expected a generator function, got one that ` +
          `returns ${coroutine === null ? "null" : typeof coroutine}`,
      );
    }
    const kernel = this.#kernel;
    const task = new RunningTask<T>(kernel, coroutine, fn.name || "anonymous", kernel.running);
    kernel.admit(task as RunningTask<unknown>, now);
    return task;
  }
}

function isCoroutine<T>(value: unknown): value is Coroutine<T> {
  return typeof value === "object" && value !== null &&
    typeof (value as { next?: unknown }).next === "function";
}
