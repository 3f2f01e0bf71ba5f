/**
 * A coroutine from the inside: a generator, what it waits for, and how it ended.
 *
 * @module
 */

import type { CurrentStep, LocalValues } from "../current_step.ts";
import { BaseOperation, isOperation, NOT_YET, type Operation } from "../operation.ts";
import { favoursCaller, favoursOthers } from "../priority.ts";
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
import { WaitList } from "./wait_list.ts";

/** The kernel, as its tasks see it. */
export interface TaskHost extends WaitHost {
  /** Remembers each wait; only with the option `debug`. */
  readonly tracer: Tracer | undefined;
  /**
   * The task performing an operation of priority `CORO` or `FIRST`: every other task that becomes ready
   * meanwhile goes to the front. Set and reset by the task itself.
   */
  performer: RunningTask<unknown> | undefined;
  /** Makes a task ready; `first` puts it before all others. */
  enqueue(task: RunningTask<unknown>, first: boolean): void;
  /** Forgets a task that has ended, and reports its error later if nothing observes the task. */
  ended(task: RunningTask<unknown>): void;
  /** Gives an error to the scheduler's `onError`. */
  report(error: unknown, task: Task<unknown>): void;
  /** The operation that a yielded value stands for, if the value is no operation itself. */
  adapt(yielded: unknown): Operation<unknown>;
}

/** One who is told how a task ends. */
export interface Joiner<T> {
  /** Whether it has lost interest. */
  readonly settled: boolean;
  /** It only watches: that it hears of an error does not make anybody responsible for it. */
  readonly watches?: boolean;
  value(value: T): void;
  error(error: unknown): void;
}

/** How the generator is to be resumed. */
type Delivery = "value" | "error" | "cancel";

/** A task from the inside. */
export class RunningTask<T> implements Task<T>, Ready, CurrentStep {
  readonly kernel: TaskHost;
  readonly name: string;
  /** The coroutine's locals: never changed, but replaced, so that children can share them. */
  locals: LocalValues | undefined;
  usedMs = 0;
  arrival = 0;
  nextReady: Ready | undefined;
  /** The kernel's list of its tasks. */
  previousTask: RunningTask<unknown> | undefined;
  nextTask: RunningTask<unknown> | undefined;

  readonly #coroutine: Coroutine<T>;
  #parent: RunningTask<unknown> | undefined;
  #state: TaskState = "ready";
  #delivery: Delivery = "value";
  /** What is to be delivered; after the end, the result or the error. */
  #content: unknown;
  #suspension: Suspension | undefined;
  #joiners: WaitList<Joiner<T>> | undefined;
  /** Ready without anything to be given: not started yet, or letting others run. */
  #pausing = true;
  #cancelRequested = false;
  #cancelling = false;
  #observed = false;

  constructor(
    kernel: TaskHost,
    coroutine: Coroutine<T>,
    name: string,
    parent: RunningTask<unknown> | undefined,
  ) {
    this.kernel = kernel;
    this.#coroutine = coroutine;
    this.name = name;
    this.#parent = parent;
    this.locals = parent?.locals;
  }

  get isTraced(): boolean {
    return this.kernel.tracer !== undefined;
  }

  get parent(): Task<unknown> | undefined {
    return this.#parent;
  }

  get scheduler(): TaskScheduler {
    return this.kernel.scheduler;
  }

  get state(): TaskState {
    return this.#state;
  }

  get done(): boolean {
    return this.#state === "returned" || this.#state === "failed" || this.#state === "cancelled";
  }

  get result(): T | undefined {
    return this.#state === "returned" ? this.#content as T : undefined;
  }

  get error(): unknown {
    // Made when it is asked for: a stack costs more than all else that a cancellation does.
    if (this.#state === "cancelled") {
      this.#content ??= new TaskCancelled(this as RunningTask<unknown>);
    }
    return this.#state === "failed" || this.#state === "cancelled" ? this.#content : undefined;
  }

  get waitsFor(): string | undefined {
    return this.#suspension?.operation.name;
  }

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

  /** How it has ended, for one who joins: what it returned, or its error thrown. */
  outcome(): T {
    this.#observed = true;
    if (this.#state === "returned") return this.#content as T;
    throw this.error;
  }

  /** Adds one who wants the end of this task; how to leave is the result. The `Join` operation's. */
  join(joiner: Joiner<T>): (() => void) | void {
    if (this.done) return this.#tell(joiner);
    if (joiner.settled) return;
    const joiners = this.#joiners ??= new WaitList();
    const place = joiners.add(joiner);
    return () => joiners.remove(place);
  }

  /** Calls `onEnd` when it has ended, however; the result calls that off. */
  watch(onEnd: () => void): () => void {
    const undo = this.join({ settled: false, watches: true, value: onEnd, error: onEnd });
    return undo ?? (() => {});
  }

  /**
   * Lets go of the parent's own parent, if both this task and its parent have ended: coroutines that
   * each add their successor would hold on to all of their ancestors.
   */
  forgetAncestors(): void {
    const parent = this.#parent;
    if (parent?.done) parent.#parent = undefined;
  }

  /** Somebody answers for its error, should it end with one. */
  observe(): void {
    this.#observed = true;
  }

  /** Whether its end has been given to anybody. */
  get observed(): boolean {
    return this.#observed;
  }

  /** Puts the end of a wait on its way. For its {@linkcode Suspension}. */
  deliver(delivery: "value" | "error", content: unknown): void {
    const first = this.#suspension?.first;
    this.#suspension = undefined;
    this.#pausing = false;
    if (this.usedMs > 0) this.usedMs /= 2; // who waits is forgiven half of the time used
    this.#enqueue(delivery, content, first);
  }

  /** Steps the generator once. For the kernel. */
  step(): void {
    this.beginStep();
    let result: IteratorResult<unknown, T>;
    try {
      result = this.#resume();
      while (result.value === UNWIND && this.#cancelling) {
        result = this.#coroutine.return(undefined as T);
      }
    } catch (error) {
      return this.failed(error);
    }
    this.stepped(result);
  }

  /** A step begins, here or in a {@linkcode FirstStep}. */
  beginStep(): void {
    this.#state = "running";
  }

  /** A step has thrown. */
  failed(error: unknown): void {
    this.#end("failed", error);
  }

  /** A step has given this. */
  stepped(result: IteratorResult<unknown, T>): void {
    if (!result.done) return this.#suspend(result.value);
    if (this.#cancelling) this.#end("cancelled", undefined);
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
    this.#perform(isOperation(yielded) ? yielded : this.kernel.adapt(yielded));
  }

  /** Does an operation at once if it can, else waits for it; those it wakes go first if it says so. */
  #perform(operation: Operation<unknown>): void {
    const { kernel } = this;
    const priority = operation.priority ?? kernel.defaultPriority;
    if (favoursOthers(priority)) kernel.performer = this as RunningTask<unknown>;
    const isDone = operation instanceof BaseOperation &&
      this.#attempt(operation, favoursCaller(priority));
    if (!isDone) this.#wait(operation);
    kernel.performer = undefined;
  }

  /** Whether an operation was done at once: then no wait is made for it. */
  #attempt(operation: BaseOperation<unknown>, first: boolean): boolean {
    let delivery: Delivery = "value";
    let content: unknown;
    try {
      content = operation.attempt(this as RunningTask<unknown>);
    } catch (error) {
      delivery = "error";
      content = error;
    }
    if (content === NOT_YET) return false;
    this.#pausing = false;
    this.#enqueue(delivery, content, first);
    return true;
  }

  #wait(operation: Operation<unknown>): void {
    this.#state = "waiting";
    const suspension = this.#suspension = new Suspension(this as RunningTask<unknown>, operation);
    this.kernel.tracer?.suspended(this as RunningTask<unknown>, operation);
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

  #enqueueCancel(): void {
    this.#pausing = false;
    this.#cancelling = true;
    this.#enqueue("cancel", undefined);
  }

  #enqueue(delivery: Delivery, content: unknown, first: boolean = false): void {
    this.#state = "ready";
    this.#delivery = delivery;
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
