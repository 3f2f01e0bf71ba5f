/**
 * The class behind `Task`: a generator, the operation that it waits for, and its end.
 *
 * A task is in one state of a table ({@linkcode RunState}), and a step moves it: the kernel resumes
 * the generator, which ends or yields an operation; the operation completes at once ("attempt"), or
 * starts a wait, whose end makes the task ready again. The kernel alone steps generators.
 *
 * `Kernel` and `FirstStep` call this, `Wait` does at the end of a wait, and so do the operations
 * that need more of a task than its public interface.
 *
 * @module
 */

import { handleRejection } from "../interop/promises.ts";
import type { CurrentStep, LocalValues, OperationWatcher } from "../current_step.ts";
import { nameOf } from "../error_text.ts";
import { BaseOperation, isOperation, NOT_YET, type Operation } from "../operation.ts";
import { favoursCaller, type ResolvedPriority, resolvePriority } from "../priority.ts";
import type { Ready } from "./ready_queue.ts";
import {
  type Coroutine,
  type Task,
  TaskCancelled,
  type TaskScheduler,
  type TaskState,
} from "../task.ts";
import type { Tracer } from "./tracer.ts";
import { UNWIND } from "./unwind.ts";
import { Suspension, type WaitHost } from "./wait.ts";
import { LinkedList } from "./linked_list.ts";

/** The kernel, as its tasks see it. */
export interface TaskHost extends WaitHost {
  /** Remembers each wait. The tracer exists only with the option `debug`. */
  readonly tracer: Tracer | undefined;
  /**
   * The task that performs an operation with a priority above `LAST`. The priority decides the
   * places of the tasks that become ready meanwhile. The task itself sets and resets this member.
   */
  performer: RunningTask<unknown> | undefined;
  /** The priority of that operation. It has no meaning while there is no performer. */
  performed: ResolvedPriority;
  /** Makes a task ready; `first` puts it before all others. */
  enqueue(task: RunningTask<unknown>, first: boolean): void;
  /** Forgets a task that has ended, and reports its error later if no handler observes the task. */
  ended(task: RunningTask<unknown>): void;
  /** Gives an error to the scheduler's `onError`. */
  report(error: unknown, task: Task<unknown>): void;
  /** Makes the operation for a yielded value that is no operation itself. */
  adapt(yielded: unknown): Operation<unknown>;
}

/** A listener for the end of a task, such as the wait of a `Join`. */
export interface Joiner<T> {
  /** Becomes true when the joiner has left. The task does not call it any more. */
  readonly settled: boolean;
  /** Whether the joiner only watches. A watcher is no handler of the task's error. */
  readonly watches?: boolean;
  value(value: T): void;
  error(error: unknown): void;
}

/**
 * The state of a task. In the first four, publicly `ready`, the task stands in the ready queue, and
 * the name tells how its generator is resumed.
 *
 * | state | the next step | `cancel()` |
 * |---|---|---|
 * | `paused` (not started, or after a bare `yield`) | `next()` | at once: becomes `return` |
 * | `next` | `next(value)` | the value arrives; the next suspension becomes `return` |
 * | `throw` | `throw(error)` | the error arrives; the next suspension becomes `return` |
 * | `return` | `return()` | no effect |
 * | `running` | - | the next suspension becomes `return` |
 * | `waiting` | - | at once: aborts the wait, becomes `return` |
 * | `returned`, `failed`, `cancelled` | - | no effect |
 *
 * The first `cancel()` of a task counts; later ones have no effect in any state.
 */
type RunState = "paused" | "next" | "throw" | "return" | Exclude<TaskState, "ready">;

/**
 * How far a cancellation has come.
 *
 * - `none`: the task was not cancelled.
 * - `requested`: the task was cancelled while a step ran or a result was on its way.
 * - `unwinding`: the generator is being returned from, or will be in the next step; it may still
 *   wait in its `finally` blocks.
 */
type Cancellation = "none" | "requested" | "unwinding";

/** The class behind the interface {@linkcode Task}. */
export class RunningTask<T> implements Task<T>, Ready, CurrentStep {
  readonly kernel: TaskHost;
  /**
   * The coroutine's locals. The map is replaced, never changed in place, so children can share it.
   */
  locals: LocalValues | undefined;
  usedMs = 0;
  arrival = 0;
  nextReady: Ready | undefined;
  /**
   * The neighbours in the kernel's list of tasks that have not ended. Only the kernel sets them.
   */
  previousTask: RunningTask<unknown> | undefined;
  nextTask: RunningTask<unknown> | undefined;

  readonly #coroutine: Coroutine<T>;
  /** The function or the text that names the task. */
  readonly #named: unknown;
  #parent: RunningTask<unknown> | undefined;
  #state: RunState = "paused";
  #cancellation: Cancellation = "none";
  /** The value or the error that the next step delivers; after the end, the result or the error. */
  #content: unknown;
  /** The wait; `undefined` unless `waiting`. */
  #suspension: Suspension | undefined;
  #joiners: LinkedList<Joiner<T>> | undefined;
  /**
   * Becomes true when the task has a handler for its error, and stays so: the error is not
   * reported.
   */
  #observed = false;

  constructor(
    kernel: TaskHost,
    coroutine: Coroutine<T>,
    named: unknown,
    parent: RunningTask<unknown> | undefined,
  ) {
    this.kernel = kernel;
    this.#coroutine = coroutine;
    this.#named = named;
    this.#parent = parent;
    this.locals = parent?.locals;
  }

  get name(): string {
    // The name of a function is read on demand, because that costs a tenth of a task that ends at once.
    const named = this.#named;
    return (typeof named === "string" ? named : nameOf(named)) || "anonymous";
  }

  get isTraced(): boolean {
    return this.kernel.tracer !== undefined;
  }

  get operationWatcher(): OperationWatcher | undefined {
    return this.kernel.tracer?.mistakes;
  }

  /** Whether a coroutine waits for the end of this one. */
  get isJoined(): boolean {
    return this.#observed || this.#joiners !== undefined;
  }

  get parent(): Task<unknown> | undefined {
    return this.#parent;
  }

  get scheduler(): TaskScheduler {
    return this.kernel.scheduler;
  }

  get state(): TaskState {
    const state = this.#state;
    return state === "paused" || state === "next" || state === "throw" || state === "return"
      ? "ready"
      : state;
  }

  get done(): boolean {
    return this.#state === "returned" || this.#state === "failed" || this.#state === "cancelled";
  }

  get result(): T | undefined {
    return this.#state === "returned" ? this.#content as T : undefined;
  }

  get error(): unknown {
    // The error is made on demand, because the capture of its stack costs more than the rest of a
    // cancellation.
    if (this.#state === "cancelled") {
      this.#content ??= new TaskCancelled(this as RunningTask<unknown>);
    }
    return this.#state === "failed" || this.#state === "cancelled" ? this.#content : undefined;
  }

  get waitsFor(): string | undefined {
    return this.#suspension?.operation.name;
  }

  cancel(): void {
    if (this.done || this.#cancellation !== "none") return;
    this.#cancellation = "requested";
    if (this.#state === "waiting") {
      this.#abortWait();
      this.#enqueueReturn();
    } else if (this.#state === "paused") {
      this.#cancellation = "unwinding";
      this.#state = "return";
    }
  }

  /**
   * Gives a joiner the end of a task that has ended.
   *
   * @returns The coroutine's result.
   * @throws The coroutine's error, or {@linkcode TaskCancelled}.
   */
  outcome(): T {
    this.#observed = true;
    if (this.#state === "returned") return this.#content as T;
    throw this.error;
  }

  /**
   * Adds a joiner. A task that has ended calls the joiner at once.
   *
   * @returns A function that removes the joiner; nothing if the task has ended.
   */
  join(joiner: Joiner<T>): (() => void) | void {
    if (this.done) return this.#tell(joiner);
    if (joiner.settled) return;
    const joiners = this.#joiners ??= new LinkedList();
    const place = joiners.add(joiner);
    return () => joiners.remove(place);
  }

  /**
   * Calls `onEnd` when the task has ended, with or without an error. The error is still reported.
   *
   * @returns A function that ends the watching.
   */
  watch(onEnd: () => void): () => void {
    const leave = this.join({ settled: false, watches: true, value: onEnd, error: onEnd });
    return leave ?? (() => {});
  }

  /**
   * Drops the parent's own parent, if this task and its parent have ended. Otherwise coroutines
   * that each add their successor would keep all of their ancestors in memory.
   */
  forgetAncestors(): void {
    const parent = this.#parent;
    if (parent?.done) parent.#parent = undefined;
  }

  /** Marks the task's error as handled: the caller handles it. */
  observe(): void {
    this.#observed = true;
  }

  /** Whether the task's error has a handler. */
  get observed(): boolean {
    return this.#observed;
  }

  /** Makes the task ready with the end of its wait. {@linkcode Suspension} calls this. */
  deliver(kind: "value" | "error", content: unknown): void {
    const first = this.#suspension?.first;
    this.#suspension = undefined;
    if (this.usedMs > 0) this.usedMs /= 2; // each wait halves the time that counts as used
    this.#enqueue(kind === "value" ? "next" : "throw", content, first);
  }

  /** Runs one step. Only the kernel calls this. */
  step(): void {
    const state = this.#state;
    this.beginStep();
    let result: IteratorResult<unknown, T>;
    let isDone: boolean | undefined;
    let value: unknown;
    try {
      result = this.#resume(state);
      while (result.value === UNWIND && this.#cancellation === "unwinding") {
        result = this.#coroutine.return(undefined as T);
      }
      isDone = result.done;
      value = result.value;
    } catch (error) {
      return this.failed(error);
    }
    this.#stepped(isDone, value);
  }

  /** Notes that a step begins, here or in a {@linkcode FirstStep}. */
  beginStep(): void {
    this.#state = "running";
  }

  /** Ends the task with the error that a step has thrown. */
  failed(error: unknown): void {
    this.#end("failed", error);
  }

  /**
   * Ends the task if the generator has returned; otherwise performs the operation that it has
   * yielded.
   */
  stepped(result: IteratorResult<unknown, T>): void {
    this.#stepped(result.done, result.value);
  }

  #stepped(isDone: boolean | undefined, value: unknown): void {
    if (!isDone) return this.#suspend(value);
    if (this.#cancellation === "unwinding") this.#end("cancelled", undefined);
    else this.#end("returned", value);
  }

  #resume(state: RunState): IteratorResult<unknown, T> {
    const content = this.#content;
    this.#content = undefined;
    const coroutine = this.#coroutine;
    if (state === "throw") return coroutine.throw(content);
    if (state === "return") return coroutine.return(undefined as T);
    return coroutine.next(content);
  }

  #suspend(yielded: unknown): void {
    if (this.#cancellation === "requested") {
      handleRejection(yielded);
      return this.#enqueueReturn();
    }
    if (yielded === undefined || yielded === "") return this.#enqueue("paused", undefined);
    const { kernel } = this;
    let operation: Operation<unknown>;
    let priority: ResolvedPriority;
    let first: boolean;
    try {
      operation = isOperation(yielded) ? yielded : kernel.adapt(yielded);
      priority = resolvePriority(operation.priority, kernel.defaultPriority);
      first = favoursCaller(priority);
    } catch (error) {
      // The members of an operation that an app has made may throw.
      return this.#enqueue("throw", error);
    }
    this.#perform(operation, priority, first);
  }

  /** Completes an operation at once if that is possible; otherwise waits for it. */
  #perform(operation: Operation<unknown>, priority: ResolvedPriority, first: boolean): void {
    const { kernel } = this;
    kernel.tracer?.performs(this as RunningTask<unknown>, operation);
    if (priority !== 0) {
      kernel.performer = this as RunningTask<unknown>;
      kernel.performed = priority;
    }
    const isDone = operation instanceof BaseOperation && this.#attempt(operation, first);
    if (!isDone) this.#wait(operation, priority);
    kernel.performer = undefined;
  }

  /**
   * Calls `complete` as a part of the operation that this task waits for, because another task may
   * complete that operation. So the priority of that operation decides the places.
   */
  completeWait(complete: () => void): void {
    const { kernel } = this;
    const { performer, performed } = kernel;
    const priority = this.#suspension?.priority ?? kernel.defaultPriority;
    kernel.performer = priority === 0 ? undefined : this as RunningTask<unknown>;
    kernel.performed = priority;
    try {
      complete();
    } finally {
      kernel.performer = performer;
      kernel.performed = performed;
    }
  }

  /** Returns whether the operation completed at once: then no wait is made for it. */
  #attempt(operation: BaseOperation<unknown>, first: boolean): boolean {
    let state: "next" | "throw" = "next";
    let content: unknown;
    try {
      content = operation.attempt(this as RunningTask<unknown>);
    } catch (error) {
      state = "throw";
      content = error;
    }
    if (content === NOT_YET) return false;
    this.#enqueue(state, content, first);
    return true;
  }

  #wait(operation: Operation<unknown>, priority: ResolvedPriority): void {
    this.#state = "waiting";
    const task = this as RunningTask<unknown>;
    const suspension = this.#suspension = new Suspension(task, operation, priority);
    suspension.begin(operation);
  }

  #abortWait(): void {
    const suspension = this.#suspension;
    this.#suspension = undefined;
    try {
      suspension?.abort();
    } catch (error) {
      this.kernel.report(error, this as RunningTask<unknown>);
    }
  }

  #enqueueReturn(): void {
    this.#cancellation = "unwinding";
    this.#enqueue("return", undefined);
  }

  #enqueue(
    state: "paused" | "next" | "throw" | "return",
    content: unknown,
    first: boolean = false,
  ): void {
    this.#state = state;
    this.#content = content;
    this.kernel.enqueue(this as RunningTask<unknown>, first);
  }

  #end(state: "returned" | "failed" | "cancelled", content: unknown): void {
    this.#state = state;
    this.#content = content;
    const joiners = this.#joiners;
    this.#joiners = undefined;
    for (let joiner; (joiner = joiners?.shift()) !== undefined;) this.#tell(joiner);
    this.kernel.ended(this as RunningTask<unknown>);
  }

  #tell(joiner: Joiner<T>): void {
    if (!joiner.watches) this.#observed = true;
    if (this.#state === "returned") joiner.value(this.#content as T);
    else joiner.error(joiner.watches ? undefined : this.error);
  }
}
