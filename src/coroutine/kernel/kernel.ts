/**
 * The kernel: turns, and what a turn needs to know. {@linkcode Scheduler} is its public face.
 *
 * A turn runs only what is ready when it starts, least used first, and ends when its quantum is
 * over. Driven by its clock, the kernel runs turn after turn until the quantum is spent or nothing
 * is ready; then input and output are polled.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { enterStep } from "../current_step.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import { FirstStep, type FirstStepHost } from "./first_step.ts";
import type { Operation } from "../operation.ts";
import type { Priority } from "../priority.ts";
import { ReadyQueue } from "./ready_queue.ts";
import { RunningTask } from "./running_task.ts";
import { StepClock } from "./step_clock.ts";
import type { Coroutine, Task, TaskScheduler } from "../task.ts";
import type { Tracer } from "./tracer.ts";
import type { ExpiringDeadline } from "./wait.ts";

type AnyTask = RunningTask<unknown>;

/** Timers of every runtime overflow above 2^31 - 1 ms; a day early is woken for nothing. */
const MAX_TIMER = 86_400_000;

/**
 * So many times in a row the host's loop may be made to wait for a turn, if they take less than a
 * quantum together. With eight, an upload to Node 26 cost up to twice as much: its app fell behind the
 * reads of one poll, and what came meanwhile had to be kept.
 */
const MAX_SOON = 64;

/** What a kernel is told once and for all. */
export interface KernelSettings {
  /** Milliseconds. */
  readonly quantum: number;
  readonly defaultPriority: Priority;
  readonly tracer: Tracer | undefined;
  readonly onError: (error: unknown, task: Task<unknown>) => void;
  /** The operation that a yielded value stands for, if the value is no operation itself. */
  readonly adapt: (yielded: unknown) => Operation<unknown>;
}

/** The state of one scheduler. */
export class Kernel implements FirstStepHost {
  readonly scheduler: TaskScheduler;
  readonly clock: Clock;
  performer: AnyTask | undefined;
  readonly defaultPriority: Priority;
  readonly tracer: Tracer | undefined;
  readonly adapt: (yielded: unknown) => Operation<unknown>;

  readonly #quantum: number;
  readonly #steps: StepClock;
  readonly #onError: (error: unknown, task: Task<unknown>) => void;
  readonly #ready = new ReadyQueue<AnyTask>();
  readonly #deadlines = new DeadlineHeap<ExpiringDeadline>();
  #idle: (() => void)[] = [];
  #failed: AnyTask[] = [];
  readonly #firstStep = new FirstStep(this);
  /** The task that is being stepped; `undefined` between steps and in a first step. */
  #running: AnyTask | undefined;
  #firstTask: AnyTask | undefined;
  #tasks = 0;
  #driving = false;
  #deferred = false;
  /** How often a drive may still come before the host's loop has polled. */
  #soon = MAX_SOON;
  /** For how long the host's loop has waited since it polled, in milliseconds. */
  #waited = 0;
  #timerAt = Infinity;
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
    this.#quantum = settings.quantum;
    this.#steps = new StepClock(clock, settings.quantum);
    this.#onError = settings.onError;
  }

  /** The task that is being stepped. Makes it, if the step is a first step without a task. */
  currentTask(): AnyTask | undefined {
    if (this.#running !== undefined) return this.#running;
    return this.#firstStep.isRunning ? this.#firstStep.materialize() : undefined;
  }

  /** How many coroutines have not ended. */
  get taskCount(): number {
    return this.#firstStep.isTaskless ? this.#tasks + 1 : this.#tasks;
  }

  get readyCount(): number {
    return this.#ready.size;
  }

  get deadlineCount(): number {
    return this.#deadlines.size;
  }

  /** The coroutines that have not ended, youngest first. */
  *tasks(): Generator<AnyTask, void, unknown> {
    if (this.#firstStep.isRunning) this.#firstStep.materialize();
    for (let task = this.#firstTask; task !== undefined; task = task.nextTask) yield task;
  }

  /** Runs one turn, and gives whether anything is ready for another. */
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

  /** Resolves when no coroutine is left. */
  whenIdle(): Promise<void> {
    if (this.taskCount === 0) return Promise.resolve();
    if (this.#firstStep.isRunning) this.#firstStep.materialize(); // so that its end counts
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes in a new task, and runs its first step: in the next turn, or now if that may be. */
  admit(task: AnyTask, now: boolean): void {
    this.link(task);
    if (!now || this.#driving) return this.enqueue(task);
    this.#driving = true;
    try {
      this.#stepTask(task);
    } finally {
      this.#driving = false;
      this.#plan();
    }
  }

  /** Runs the first step of a coroutine now, if that may be. Returns its task, unless it has ended. */
  launch(coroutine: Coroutine<unknown>, name: string): AnyTask | undefined {
    if (this.#driving) {
      const task = new RunningTask(this, coroutine, name, this.currentTask());
      this.admit(task, false);
      return task;
    }
    this.#driving = true;
    const outer = enterStep(this.#firstStep);
    try {
      return this.#firstStep.run(coroutine, name);
    } finally {
      enterStep(outer);
      this.#driving = false;
      this.#plan();
    }
  }

  /** Makes a task ready; `first` is before all others. */
  enqueue(task: AnyTask, first: boolean = false): void {
    const favoured = this.performer !== undefined && this.performer !== task;
    this.#ready.add(task, first || favoured);
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

  /** A task has ended. */
  ended(task: AnyTask): void {
    this.#unlink(task);
    if (task.state === "failed" && !task.observed) {
      this.#failed.push(task);
      this.#wake(); // so that the report comes even if nothing else is to be done
    } else task.forgetAncestors();
    if (this.#tasks > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** Tells the error sink, whose own errors are not ours. */
  report(error: unknown, task: AnyTask): void {
    try {
      this.#onError(error, task);
    } catch (sinkError) {
      void Promise.reject(sinkError);
    }
  }

  /** Runs what is ready now: the step clock has just been looked at. */
  #turn(): void {
    const start = this.#steps.now;
    for (let due; (due = this.#deadlines.takeDue(start)) !== undefined;) due.expire();
    const { arrivals } = this.#ready;
    for (let task; (task = this.#ready.take(arrivals)) !== undefined;) {
      this.#stepTask(task);
      task.usedMs += this.#steps.stepped();
      if (this.#steps.now - start >= this.#quantum) break;
    }
    if (this.#failed.length > 0) this.#reportFailures();
  }

  #stepTask(task: AnyTask): void {
    const outer = enterStep(this.#running = task);
    task.step();
    enterStep(outer);
    this.#running = undefined;
  }

  /** Only now, so that one who joins within the turn is in time. */
  #reportFailures(): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const task of failed) {
      if (!task.observed) this.report(task.error, task);
      task.forgetAncestors();
    }
  }

  /** The host's loop has polled. */
  readonly #drive = (): void => {
    this.#soon = MAX_SOON;
    this.#waited = 0;
    this.#runTurns();
  };

  /** It has not: what it last brought may be finished, but not for long. */
  readonly #driveSoon = (): void => {
    this.#soon--;
    this.#runTurns();
  };

  #runTurns(): void {
    this.#deferred = false;
    const start = this.#steps.look();
    const end = start + this.#quantum;
    this.#driving = true;
    try {
      do this.#turn(); while (this.#ready.size > 0 && this.#steps.now < end);
    } finally {
      this.#driving = false;
      this.#waited += this.#steps.now - start;
      if (this.#waited >= this.#quantum) this.#soon = 0;
      this.#plan();
    }
  }

  /** After a turn: asks for the next one, now or when the earliest deadline comes. */
  #plan(): void {
    if (this.#ready.size > 0 || this.#failed.length > 0) this.#wake();
    this.#arm();
  }

  #wake(): void {
    if (this.#driving || this.#deferred) return;
    this.#deferred = true;
    if (this.#soon > 0 && this.clock.soon !== undefined) this.clock.soon(this.#driveSoon);
    else this.clock.defer(this.#drive);
  }

  /** A timer that is too early fires for nothing, once; that is cheaper than moving it each time. */
  #arm(): void {
    const { earliest } = this.#deadlines;
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

  /** Counts a new task among those that have not ended. */
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
