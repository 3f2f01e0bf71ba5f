/**
 * A coroutine in a scheduler: a generator, what it waits for, and how it ended.
 *
 * @module
 */

import { adapt } from "./adapt.ts";
import type { Resume } from "./operation.ts";
import type { Ready } from "./ready_queue.ts";
import type { Scheduler } from "./scheduler.ts";
import { Suspension } from "./suspension.ts";
import { WaitList } from "./wait_list.ts";

/**
 * A generator that a scheduler runs. It waits with `yield* operation` (typed), or with `yield` of
 * an operation, a promise or another coroutine; a bare `yield` or `yield ""` lets others run.
 */
export type Coroutine<T> = Generator<unknown, T, unknown>;

/** What makes a coroutine: usually a generator function. */
export type CoroutineFunction<A extends unknown[], T> = (...args: A) => Coroutine<T>;

/** Where a {@linkcode Task} is in its life. */
export type TaskState = "ready" | "running" | "waiting" | "returned" | "failed" | "cancelled";

/** Thrown at those who join a coroutine that was cancelled. */
export class TaskCancelled extends Error {
  override readonly name = "TaskCancelled";
  readonly task: Task<unknown>;

  constructor(task: Task<unknown>) {
    super(`Coroutine ${task.name} was cancelled`);
    this.task = task;
  }
}

/** How the generator is to be resumed. */
type Delivery = "value" | "error" | "cancel";

/** A running coroutine, as `scheduler.add` and `AddCoro` give it. */
export class Task<T> implements Ready {
  readonly scheduler: Scheduler;
  readonly name: string;
  /** The task that added this one. */
  readonly parent: Task<unknown> | undefined;
  attained = 0;
  arrival = 0;
  nextReady: Ready | undefined;
  /** The scheduler's list of its tasks. */
  previousTask: Task<unknown> | undefined;
  nextTask: Task<unknown> | undefined;

  readonly #coroutine: Coroutine<T>;
  #state: TaskState = "ready";
  #delivery: Delivery = "value";
  /** What is to be delivered; after the end, the result or the error. */
  #content: unknown;
  #suspension: Suspension | undefined;
  #joiners: WaitList<Resume<T>> | undefined;
  /** Ready without anything to be given: not started yet, or letting others run. */
  #pausing = true;
  #cancelRequested = false;
  #cancelling = false;
  #observed = false;

  constructor(
    scheduler: Scheduler,
    coroutine: Coroutine<T>,
    name: string,
    parent: Task<unknown> | undefined,
  ) {
    this.scheduler = scheduler;
    this.#coroutine = coroutine;
    this.name = name;
    this.parent = parent;
  }

  get state(): TaskState {
    return this.#state;
  }

  get done(): boolean {
    return this.#state === "returned" || this.#state === "failed" || this.#state === "cancelled";
  }

  /** What it returned; `undefined` before, or if it ended otherwise. */
  get result(): T | undefined {
    return this.#state === "returned" ? this.#content as T : undefined;
  }

  /** What ended it: the error it threw, or {@linkcode TaskCancelled}. */
  get error(): unknown {
    return this.#state === "failed" || this.#state === "cancelled" ? this.#content : undefined;
  }

  /** The name of the operation it waits for, for tracing. */
  get waitsFor(): string | undefined {
    return this.#suspension?.operation.name;
  }

  /**
   * Ends the coroutine through `return()`, so that its `finally` blocks run, in the next turn.
   *
   * What it waits for is aborted at once. A value that is already on its way still arrives; the
   * cancellation then follows at the next wait. Its `finally` blocks may wait; a second `cancel`
   * does not disturb them.
   */
  cancel(): void {
    if (this.done || this.#cancelRequested) return;
    this.#cancelRequested = true;
    if (this.#state === "waiting") {
      this.#abortWait();
      this.#enqueueCancel();
    } else if (this.#state === "ready" && this.#pausing) {
      this.#cancelling = true;
      this.#delivery = "cancel";
    }
  }

  /** Adds one who wants the end of this task; how to leave is the result. The `Join` operation's. */
  join(resume: Resume<T>): (() => void) | void {
    if (this.done) return this.#tell(resume);
    if (resume.settled) return;
    const joiners = this.#joiners ??= new WaitList();
    const place = joiners.add(resume);
    return () => joiners.remove(place);
  }

  /** Whether its end has been given to anybody. */
  get observed(): boolean {
    return this.#observed;
  }

  /** Puts the end of a wait on its way. For {@linkcode Suspension} alone. */
  deliver(delivery: "value" | "error", content: unknown): void {
    this.#suspension = undefined;
    this.#pausing = false;
    this.attained /= 2; // who waits is forgiven half of the time used
    this.#enqueue(delivery, content);
  }

  /** Steps the generator once. For the scheduler alone. */
  step(): void {
    this.#state = "running";
    let result: IteratorResult<unknown, T>;
    try {
      result = this.#resume();
    } catch (error) {
      return this.#end("failed", error);
    }
    if (!result.done) return this.#suspend(result.value);
    if (this.#cancelling) this.#end("cancelled", new TaskCancelled(this as Task<unknown>));
    else this.#end("returned", result.value);
  }

  #resume(): IteratorResult<unknown, T> {
    const content = this.#content;
    this.#content = undefined;
    const coroutine = this.#coroutine;
    if (this.#delivery === "value") return coroutine.next(content);
    if (this.#delivery === "error") return coroutine.throw(content);
    return coroutine.return(undefined as T);
  }

  #suspend(yielded: unknown): void {
    if (this.#cancelRequested && !this.#cancelling) return this.#enqueueCancel();
    if (yielded === undefined || yielded === "") {
      this.#pausing = true;
      return this.#enqueue("value", undefined);
    }
    this.#state = "waiting";
    const suspension = this.#suspension = new Suspension(this as Task<unknown>, adapt(yielded));
    suspension.start();
  }

  #abortWait(): void {
    const suspension = this.#suspension;
    this.#suspension = undefined;
    try {
      suspension?.abort();
    } catch (error) {
      this.scheduler.report(error, this as Task<unknown>);
    }
  }

  #enqueueCancel(): void {
    this.#pausing = false;
    this.#cancelling = true;
    this.#enqueue("cancel", undefined);
  }

  #enqueue(delivery: Delivery, content: unknown): void {
    this.#state = "ready";
    this.#delivery = delivery;
    this.#content = content;
    this.scheduler.enqueue(this as Task<unknown>);
  }

  #end(state: "returned" | "failed" | "cancelled", content: unknown): void {
    this.#state = state;
    this.#content = content;
    const joiners = this.#joiners;
    this.#joiners = undefined;
    for (let resume; (resume = joiners?.shift()) !== undefined;) this.#tell(resume);
    this.scheduler.ended(this as Task<unknown>);
  }

  #tell(resume: Resume<T>): void {
    this.#observed = true;
    if (this.#state === "returned") resume.value(this.#content as T);
    else resume.error(this.#content);
  }
}
