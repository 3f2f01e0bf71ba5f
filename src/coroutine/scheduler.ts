/**
 * The scheduler: runs coroutines in turns, and lets the host's event loop poll between turns.
 *
 * All state belongs to the object, so one process can have several schedulers. This file is the top
 * of the layer: it gives the kernel the operations that the kernel needs. The functions
 * {@linkcode start}, {@linkcode launch} and {@linkcode handleFailures} are not public;
 * `internal.ts` exports them.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { type Deadline, type Duration, toMilliseconds } from "./duration.ts";
import { describeThrown, nameOf } from "./error_text.ts";
import { describeFailed, faultlessLog, indentEntry } from "./failure_log.ts";
import { Kernel } from "./kernel/kernel.ts";
import { checkNames, checkOption, optionError, showValue } from "./option_checks.ts";
import { noteLateOrigin } from "./origin.ts";
import { isThenable } from "./interop/promises.ts";
import { checkPriority, type Priority, priority, resolvePriority } from "./priority.ts";
import { RunningTask } from "./kernel/running_task.ts";
import { Tracer } from "./kernel/tracer.ts";
import { adapt } from "./operations/adapt.ts";
import { SignalBoard } from "./operations/signal_board.ts";
import {
  type Coroutine,
  type CoroutineFunction,
  isCoroutine,
  type SchedulerStats,
  type Task,
  type TaskScheduler,
} from "./task.ts";
import { checkTimeout } from "./timed_operation.ts";
import { isOperation, type Operation } from "./operation.ts";
import { until } from "./operations/until.ts";

/** Options of {@linkcode Scheduler}. */
export interface SchedulerOptions {
  /** The source of time and turns. */
  readonly clock: Clock;
  /** The timeout of operations without the option `timeout`; -1 (the default) for none. */
  readonly defaultTimeout?: Deadline;
  /** The priority of operations without the option `priority`; default `priority.LAST`. */
  readonly defaultPriority?: Priority;
  /**
   * Whether {@linkcode traceTasks} tells since when and in which line each coroutine waits. This
   * costs a stack trace for each operation. Default `false`.
   */
  readonly debug?: boolean;
  /** The longest time that turns take before the host's event loop polls. Default 1 ms. */
  readonly quantum?: Duration;
  /**
   * Receives the error of each coroutine that failed and is not joined. By default, a server that
   * uses the scheduler reports the error through its own `onError` and `log`; without a server, the
   * error goes to `log`.
   */
  readonly onError?: (error: unknown, task: Task<unknown>) => void;
  /**
   * Takes each entry of the error log: a coroutine's name, the coroutines that added it, and its
   * error. Default: the `log` of the clock; a `ManualClock` keeps the entries.
   */
  readonly log?: (line: string) => void;
}

/** Receives the error of a coroutine that is not joined. */
export type FailureHandler = (error: unknown, task: Task<unknown>) => void;

/** Reads the kernel of a scheduler, for {@linkcode start} and {@linkcode launch}. */
let kernelOf: (scheduler: Scheduler) => Kernel;
/** Reads the failure handlers of a scheduler, for {@linkcode handleFailures}. */
let handlersOf: (scheduler: Scheduler) => FailureHandler[];

const KNOWN_OPTIONS: readonly (keyof SchedulerOptions)[] = [
  ...["clock", "quantum", "defaultPriority", "defaultTimeout", "debug", "onError", "log"] as const,
];

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
export class Scheduler implements TaskScheduler {
  /** The source of time and turns. */
  readonly clock: Clock;
  /** The timeout of operations without a `timeout`; -1 for none. */
  readonly defaultTimeout: Deadline;

  readonly #kernel: Kernel;
  /** Never throws. A log that fails, for example on a full disk, must not stop the coroutines. */
  readonly #log: (line: string) => void;
  /** The handlers of the servers that use the scheduler; the first of them is called. */
  readonly #failureHandlers: FailureHandler[] = [];

  /**
   * Makes a scheduler without coroutines.
   *
   * @param options The clock, and the options that differ from the defaults.
   * @throws {TypeError} If the quantum or the default timeout is no duration, or another option is unknown or
   *   of a wrong kind.
   * @throws {RangeError} If one of them is negative, or the default priority is no priority.
   */
  constructor(options: SchedulerOptions) {
    options = checkNames("options of the scheduler", options, KNOWN_OPTIONS);
    for (const name of ["onError", "log"] as const) checkOption(name, options[name], "function");
    checkOption("debug", options.debug, "boolean");
    if (typeof options.clock?.now !== "function") {
      throw optionError("clock", options.clock, "a Clock; call createScheduler for the runtime's");
    }
    this.clock = options.clock;
    this.defaultTimeout = options.defaultTimeout ?? -1;
    checkTimeout(options.defaultTimeout, "defaultTimeout");
    checkPriority(options.defaultPriority);
    this.#log = faultlessLog(options.log, (line) => options.clock.log?.(indentEntry(line)));
    this.#kernel = new Kernel(this, options.clock, {
      quantumMs: toMilliseconds(options.quantum === undefined ? 0.001 : options.quantum, "quantum"),
      defaultPriority: resolvePriority(options.defaultPriority, priority.LAST),
      tracer: options.debug ? new Tracer(options.clock) : undefined,
      adapt,
      onError: options.onError ?? ((error, task) => this.#failed(error, task)),
      log: this.#log,
    });
  }

  /**
   * Adds a coroutine; its first step runs in the next turn.
   *
   * @param fn Usually a generator function. It may also give an operation or a promise: then the
   *   coroutine waits for that.
   * @param args Its arguments.
   * @returns The task, to be joined or cancelled.
   * @throws {TypeError} If `fn` gives anything else.
   */
  add<A extends unknown[], T>(
    fn: (...args: A) => Coroutine<T> | Operation<T> | PromiseLike<T>,
    ...args: A
  ): Task<T> {
    return admit(this.#kernel, fn, args, false);
  }

  /** The task that is being stepped; `undefined` between steps. */
  get current(): Task<unknown> | undefined {
    return this.#kernel.currentTask();
  }

  /**
   * Lists the tasks that have not ended, youngest first.
   *
   * @returns An iterator over the tasks.
   */
  tasks(): IterableIterator<Task<unknown>> {
    return this.#kernel.tasks();
  }

  /**
   * Counts tasks and waits, for monitoring, and for tests that nothing is left behind.
   *
   * @returns The counts now.
   */
  stats(): SchedulerStats {
    return {
      tasks: this.#kernel.taskCount,
      ready: this.#kernel.readyCount,
      deadlines: this.#kernel.deadlineCount,
      signals: SignalBoard.sizeOf(this),
    };
  }

  /**
   * Runs one turn: the coroutines that are ready now, as far as the quantum reaches.
   *
   * @returns Whether a coroutine is ready for another turn.
   * @throws {TypeError} If called from inside a turn.
   */
  step(): boolean {
    return this.#kernel.step();
  }

  /**
   * Waits for the end of all coroutines.
   *
   * @returns Resolves when no coroutine is left.
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

  #failed(error: unknown, task: Task<unknown>): void {
    const handler = this.#failureHandlers[0];
    if (handler !== undefined) handler(error, task);
    else this.#log(`${describeFailed(task)}: ${describeThrown(error)}`);
  }

  static {
    kernelOf = (scheduler) => scheduler.#kernel;
    handlersOf = (scheduler) => scheduler.#failureHandlers;
  }
}

/**
 * Adds a coroutine and runs its first step at once, also inside a step of another coroutine. A wait
 * that begins so hears a signal of the next turn.
 *
 * @param scheduler The scheduler, a {@linkcode Scheduler}.
 * @param fn Usually a generator function.
 * @param args Its arguments.
 * @returns The task, to be joined or cancelled.
 * @throws {TypeError} If `fn` gives no generator, operation or promise.
 */
export function start<A extends unknown[], T>(
  scheduler: TaskScheduler,
  fn: CoroutineFunction<A, T>,
  ...args: A
): Task<T> {
  return admit(kernelOf(scheduler as Scheduler), fn, args, true);
}

/** A task with the time that counts as used, in milliseconds. */
export interface LaunchedTask extends Task<unknown> {
  readonly usedMs: number;
}

/**
 * Does the same as {@linkcode start} for a generator, and costs less: no task is made of a coroutine
 * that ends in its first step.
 *
 * @param scheduler The scheduler.
 * @param coroutine A generator that has not begun.
 * @param name The name of its task.
 * @returns The task; `undefined` if the coroutine has ended.
 */
export function launch(
  scheduler: Scheduler,
  coroutine: Coroutine<unknown>,
  name: string,
): LaunchedTask | undefined {
  return kernelOf(scheduler).launch(coroutine, name);
}

/**
 * Notes the line that waits for an operation outside of any step, if the scheduler has the option `debug`.
 *
 * @param scheduler The scheduler that will perform the operation.
 * @param operation The operation.
 */
export function noteWait(scheduler: Scheduler, operation: object): void {
  if (kernelOf(scheduler).tracer !== undefined) noteLateOrigin(operation);
}

/**
 * Tells of mistakes: steps that hold the event loop, forgotten coroutines, operations that are not performed. It
 * begins when its code is loaded.
 *
 * @param scheduler A scheduler with the option `debug`.
 * @param warn Takes each warning; must not throw.
 * @returns A function that looks for forgotten coroutines and operations, to be called from time to time;
 *   `undefined` if the scheduler has not the option `debug`.
 */
export async function tellMistakes(
  scheduler: Scheduler,
  warn: (text: string) => void,
): Promise<(() => void) | undefined> {
  const kernel = kernelOf(scheduler);
  const { tracer } = kernel;
  if (tracer === undefined) return undefined;
  const { Mistakes } = await import("./kernel/mistakes.ts");
  const mistakes = tracer.mistakes ??= new Mistakes(warn, scheduler.clock);
  return () => {
    for (const task of kernel.tasks()) {
      const wait = task.state === "waiting" ? tracer.lastWait(task) : undefined;
      if (wait) mistakes.check(task, scheduler.clock.now() - wait.sinceMs, wait.from);
    }
    mistakes.checkOperations();
  };
}

/**
 * Gives the errors of coroutines that are not joined to a handler, instead of the log. If the
 * scheduler has an `onError` of its own, only `onError` gets them. If there are several handlers,
 * the first gets them.
 *
 * @param scheduler The scheduler.
 * @param handler Receives the errors.
 * @returns A function that removes the handler.
 */
export function handleFailures(scheduler: Scheduler, handler: FailureHandler): () => void {
  const handlers = handlersOf(scheduler);
  handlers.push(handler);
  return () => {
    const place = handlers.indexOf(handler);
    if (place >= 0) handlers.splice(place, 1);
  };
}

function admit<A extends unknown[], T>(
  kernel: Kernel,
  fn: (...args: A) => unknown,
  args: A,
  now: boolean,
): Task<T> {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot add ${showValue(fn)}: expected a generator function, not called`);
  }
  const coroutine = coroutineOf<T>(fn(...args), fn);
  const task = new RunningTask<T>(kernel, coroutine, fn, kernel.currentTask());
  kernel.admit(task as RunningTask<unknown>, now);
  return task;
}

/** The coroutine to be added: the one given, or one that waits for a given operation or promise. */
function coroutineOf<T>(given: unknown, fn: unknown): Coroutine<T> {
  if (isOperation(given)) return waitFor(given as Operation<T>);
  if (isCoroutine(given)) return given as Coroutine<T>;
  if (isThenable(given)) return waitFor(until(given as PromiseLike<T>));
  const name = nameOf(fn) || "a function";
  throw new TypeError(
    `Cannot add ${name}: expected a generator function, or a function that gives ` +
      `an operation or a promise, got one that returns ${given === null ? "null" : typeof given}`,
  );
}

function* waitFor<T>(operation: Operation<T>): Coroutine<T> {
  return (yield operation) as T;
}
