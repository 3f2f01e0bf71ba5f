/**
 * The kernel: runs the tasks of one scheduler in turns.
 *
 * A turn runs the tasks that are ready when it starts, those with the least time used first, and
 * ends early when its quantum is over. The clock drives the kernel: it runs turn after turn until
 * the quantum is spent or no task is ready; then the host's event loop polls for input and output.
 *
 * The trap: an app may call the scheduler at any moment, also during a turn. So a method that makes
 * a task ready only enqueues the task, and `#driving` tells whether a turn runs already.
 *
 * `Scheduler` calls the kernel and is its public class. Tasks and waits call it through their host
 * interfaces.
 *
 * @module
 */

import { BASE } from "../base_members.ts";
import type { Clock } from "../clock.ts";
import { enterStep } from "../current_step.ts";
import { describeThrown } from "../error_text.ts";
import { callHook, describeFailed } from "../failure_log.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import { FirstStep, type FirstStepHost } from "./first_step.ts";
import type { Operation } from "../operation.ts";
import { favoursOthers, type ResolvedPriority } from "../priority.ts";
import { ReadyQueue } from "./ready_queue.ts";
import { RunningTask } from "./running_task.ts";
import { StepClock } from "./step_clock.ts";
import type { Coroutine, Task, TaskScheduler } from "../task.ts";
import { LONG_STEP_MS, type Tracer } from "./tracer.ts";
import type { ExpiringDeadline } from "./wait.ts";

type AnyTask = RunningTask<unknown>;

/**
 * At most this many drives run in microtasks between two polls of the host's event loop, if they
 * take less than a quantum together. With a bound as low as 8, the app of an upload falls behind
 * the reads of one poll, and the bytes that it has not taken must be kept
 * (`npm run bench -- --workload upload`).
 */
const MAX_SOON = 64;

/** The settings of a kernel, fixed for its life. */
export interface KernelSettings {
  /** The bound of a turn, and of all turns between two polls. */
  readonly quantumMs: number;
  readonly defaultPriority: ResolvedPriority;
  readonly tracer: Tracer | undefined;
  /** Receives the error of each task that failed and has no handler for its error. */
  readonly onError: (error: unknown, task: Task<unknown>) => void;
  /** Takes a line about an error that `onError` itself has thrown. The function must not throw. */
  readonly log: (line: string) => void;
  /** Makes the operation for a yielded value that is no operation itself. */
  readonly adapt: (yielded: unknown) => Operation<unknown>;
}

/** The engine of one scheduler. */
export class Kernel implements FirstStepHost {
  readonly scheduler: TaskScheduler;
  readonly clock: Clock;
  performer: AnyTask | undefined;
  performed: ResolvedPriority = 0;
  readonly defaultPriority: ResolvedPriority;
  readonly tracer: Tracer | undefined;
  readonly adapt: (yielded: unknown) => Operation<unknown>;

  readonly #quantumMs: number;
  readonly #steps: StepClock;
  readonly #onError: (error: unknown, task: Task<unknown>) => void;
  readonly #log: (line: string) => void;
  readonly #ready = new ReadyQueue<AnyTask>();
  readonly #deadlines = new DeadlineHeap<ExpiringDeadline>();
  /** The functions that resolve the promises of {@linkcode whenIdle}. */
  #idle: (() => void)[] = [];
  /** The tasks that failed without a handler. They are reported at the end of the turn. */
  #failed: AnyTask[] = [];
  readonly #firstStep = new FirstStep(this);
  /** The task that is being stepped; `undefined` between steps and in a first step. */
  #running: AnyTask | undefined;
  /** The head of the list of tasks that have not ended: the youngest. */
  #firstTask: AnyTask | undefined;
  #tasks = 0;
  /** True while a turn or a first step runs: then `#plan` asks the clock for the next turn. */
  #driving = false;
  /** True from the time when the kernel asks the clock for a drive until the drive begins. */
  #deferred = false;
  /**
   * The number of microtask drives that are still allowed before the host's event loop must poll.
   */
  #soonLeft = MAX_SOON;
  /** The time that drives have taken since the host's event loop polled. */
  #unpolledMs = 0;
  /** The clock's time for which the host timer is set; `Infinity` for none. */
  #timerAtMs = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(
    scheduler: TaskScheduler,
    clock: Clock,
    settings: KernelSettings,
  ) {
    this.scheduler = scheduler;
    this.clock = clock;
    this.defaultPriority = settings.defaultPriority;
    this.tracer = settings.tracer;
    this.adapt = settings.adapt;
    this.#quantumMs = settings.quantumMs;
    // A scheduler that is debugged measures each step by itself.
    this.#steps = new StepClock(clock, settings.tracer === undefined ? settings.quantumMs : 0);
    this.#onError = settings.onError;
    this.#log = settings.log;
  }

  /**
   * The task that is being stepped. In a first step, the task is made on the first call; no count,
   * list or result depends on that.
   */
  currentTask(): AnyTask | undefined {
    if (this.#running !== undefined) return this.#running;
    return this.#firstStep.isRunning ? this.#firstStep.materialize() : undefined;
  }

  /**
   * The number of coroutines that have not ended. A coroutine in its first step counts, with or
   * without a task.
   */
  get taskCount(): number {
    return this.#firstStep.isTaskless ? this.#tasks + 1 : this.#tasks;
  }

  get readyCount(): number {
    return this.#ready.size;
  }

  get deadlineCount(): number {
    return this.#deadlines.size;
  }

  /** The tasks that have not ended, youngest first. */
  *tasks(): Generator<AnyTask, void, unknown> {
    if (this.#firstStep.isRunning) this.#firstStep.materialize();
    for (let task = this.#firstTask; task !== undefined; task = task.nextTask) yield task;
  }

  /** Runs one turn. Returns whether a task is ready for another turn. */
  step(): boolean {
    if (this.#driving) throw new TypeError("Cannot step a scheduler from inside its own turn");
    this.#driving = true;
    try {
      this.#steps.look();
      this.#turn();
    } finally {
      this.#driving = false;
      this.#plan();
    }
    return this.#ready.size > 0;
  }

  /** Resolves when no task is left. */
  whenIdle(): Promise<void> {
    if (this.taskCount === 0) return Promise.resolve();
    if (this.#firstStep.isRunning) this.#firstStep.materialize(); // so that its end counts
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /**
   * Adds a new task. Its first step runs in the next turn; with `now`, it runs at once, also inside
   * the step of another task.
   */
  admit(task: AnyTask, now: boolean): void {
    this.link(task);
    if (!now) return this.enqueue(task);
    if (this.#driving) return this.#stepWithin(task);
    this.#driving = true;
    try {
      this.#stepTask(task);
    } finally {
      this.#driving = false;
      this.#plan();
    }
  }

  /**
   * Runs the first step of a coroutine at once, unless a turn runs already; then the coroutine is
   * added as a child of the task that runs.
   *
   * @returns Its task; `undefined` if the coroutine has ended.
   */
  launch(coroutine: Coroutine<unknown>, name: string): AnyTask | undefined {
    if (this.#driving) {
      const task = new RunningTask(this, coroutine, name, this.currentTask());
      this.admit(task, false);
      return task;
    }
    this.#driving = true;
    const outer = enterStep(this.#firstStep);
    const startMs = this.tracer === undefined ? 0 : this.clock.now();
    let task: AnyTask | undefined;
    try {
      return task = this.#firstStep.run(coroutine, name);
    } finally {
      enterStep(outer);
      this.tracer?.stepped(task, name, this.clock.now() - startMs);
      this.#driving = false;
      this.#plan();
    }
  }

  enqueue(task: AnyTask, first: boolean = false): void {
    const { performer } = this;
    if (performer === undefined) this.#ready.add(task, first ? "others" : "by time used");
    else if (performer === task) this.#ready.add(task, first ? "performer" : "by time used");
    else {
      const favoured = first || favoursOthers(this.performed);
      this.#ready.add(task, favoured ? "others" : "by time used");
    }
    this.#wake();
  }

  addDeadline(deadline: ExpiringDeadline, milliseconds: number): void {
    deadline.time = this.clock.now() + milliseconds;
    this.#deadlines.add(deadline);
    if (!this.#driving) this.#arm();
  }

  removeDeadline(deadline: ExpiringDeadline): void {
    this.#deadlines.remove(deadline);
  }

  ended(task: AnyTask): void {
    this.#unlink(task);
    if (task.state === "failed" && !task.observed) {
      this.#failed.push(task);
      this.#wake(); // the report must come even if no task is ready
    } else task.forgetAncestors();
    if (this.#tasks > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  report(error: unknown, task: AnyTask): void {
    callHook("onError", () => this.#onError(error, task), (fault) => {
      if (fault === "") return;
      this.#log(`${describeFailed(task)}: ${describeThrown(error)}${fault}`);
    });
  }

  /** Runs one turn. The caller must have read the clock with `StepClock.look`. */
  #turn(): void {
    const start = this.#steps.now;
    for (let due; (due = this.#deadlines.takeDue(start)) !== undefined;) due.expire();
    const { arrivals } = this.#ready;
    for (let task; (task = this.#ready.take(arrivals)) !== undefined;) {
      this.#stepTask(task);
      const tookMs = this.#steps.stepped();
      task.usedMs += tookMs;
      if (tookMs >= LONG_STEP_MS) this.tracer?.stepped(task, task.name, tookMs);
      if (this.#steps.now - start >= this.#quantumMs) break;
    }
    if (this.#failed.length > 0) this.#reportFailures();
  }

  /** Runs the step of a task inside the step of another one. */
  #stepWithin(task: AnyTask): void {
    const running = this.#running;
    const { performer, performed } = this;
    this.performer = undefined;
    this.#stepTask(task);
    this.#running = running;
    this.performer = performer;
    this.performed = performed;
  }

  #stepTask(task: AnyTask): void {
    const outer = enterStep(this.#running = task);
    task.step();
    enterStep(outer);
    this.#running = undefined;
  }

  /**
   * Reports failures at the end of the turn, so that a `Join` within the turn still handles the
   * error.
   */
  #reportFailures(): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const task of failed) {
      if (!task.observed) this.report(task.error, task);
      task.forgetAncestors();
    }
  }

  /** Runs the turns that `defer` of the clock has put off. */
  readonly #drive = (): void => {
    this.#deferred = false;
    this.#runPolled();
  };

  /** Runs turns after the host's event loop has polled. */
  #runPolled(): void {
    this.#soonLeft = MAX_SOON;
    this.#unpolledMs = 0;
    this.#runTurns();
  }

  /**
   * Runs turns from a microtask, before the host's event loop has polled. This is allowed MAX_SOON
   * times in a row and for one quantum in all, so input and output wait for a quantum at most.
   */
  readonly #driveSoon = (): void => {
    this.#deferred = false;
    this.#soonLeft--;
    this.#runTurns();
  };

  #runTurns(): void {
    const start = this.#steps.look();
    const end = start + this.#quantumMs;
    this.#driving = true;
    try {
      do this.#turn(); while (this.#ready.size > 0 && this.#steps.now < end);
    } finally {
      this.#driving = false;
      this.#unpolledMs += this.#steps.now - start;
      if (this.#unpolledMs >= this.#quantumMs) this.#soonLeft = 0;
      this.#plan();
    }
  }

  /** Asks the clock for the next turn, soon or at the earliest deadline. */
  #plan(): void {
    if (this.#ready.size > 0 || this.#failed.length > 0) this.#wake();
    this.#arm();
  }

  #wake(): void {
    if (this.#driving || this.#deferred) return;
    this.#deferred = true;
    if (this.#soonLeft > 0 && this.clock.soon !== BASE.soon) this.clock.soon?.(this.#driveSoon);
    else this.clock.defer(this.#drive);
  }

  /**
   * Sets the host timer for the earliest deadline. The timer is only moved earlier, never later,
   * because most deadlines are removed before they are due. When the timer fires too early, no
   * deadline is due, and the timer is set anew.
   */
  #arm(): void {
    const { earliest } = this.#deadlines;
    if (earliest === Infinity) return this.#disarm();
    if (earliest >= this.#timerAtMs) return;
    this.#disarm();
    this.#timerAtMs = earliest;
    this.#cancelTimer = this.clock.setTimer(Math.max(0, earliest - this.clock.now()), () => {
      this.#timerAtMs = Infinity;
      this.#cancelTimer = undefined;
      // Turns that were put off are still to come: two chains of them would both go on while a task is ready.
      this.#runPolled();
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAtMs = Infinity;
  }

  link(task: AnyTask): void {
    const first = this.#firstTask;
    task.nextTask = first;
    if (first !== undefined) first.previousTask = task;
    this.#firstTask = task;
    this.#tasks++;
  }

  #unlink(task: AnyTask): void {
    const { previousTask, nextTask } = task;
    if (previousTask === undefined) this.#firstTask = nextTask;
    else previousTask.nextTask = nextTask;
    if (nextTask !== undefined) nextTask.previousTask = previousTask;
    task.previousTask = task.nextTask = undefined;
    this.#tasks--;
  }
}
