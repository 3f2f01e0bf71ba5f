/**
 * The waits that the empty blocks of an app stand for.
 *
 * An app plans an operation in cogen's style, or yields the empty block of a typed wait. The empty block
 * passes through middleware, which may plan operations of its own. This object therefore keeps the order: the
 * wait that was planned last is performed first, because its empty block comes first.
 *
 * {@linkcode RequestCogen} makes this when an app first waits or is closed. Most apps end without either.
 *
 * @module
 */

import { currentStep, NOT_YET } from "../../coroutine/internal.ts";
import type { Operation } from "../../coroutine/mod.ts";
import { OperationNotPerformed } from "../not_performed.ts";
import { QuickOperation } from "../quick_operation.ts";
import type { TypedWait } from "../waiting.ts";

/** The waits of one request. */
export class PlannedWaits {
  /** The operation that was planned in cogen's style. */
  #planned: Operation<unknown> | undefined;
  /** The typed wait whose empty block comes to the server after that of the planned operation. */
  #plannedBefore: TypedWait | undefined;
  /** The planned operations that a middleware has put aside, and will plan again. */
  #aside: Set<Operation<unknown>> | undefined;
  #result: unknown;
  #exception: unknown;
  /**
   * The typed waits that have yielded the empty block, the last one first: a middleware may wait before
   * it passes the empty block of its app on.
   */
  #expected: TypedWait | undefined;
  /** The typed wait whose operation is being performed. */
  #performing: TypedWait | undefined;
  /** True once the app is being closed. */
  #isClosing = false;

  /** Whether the app is being closed. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  get operation(): Operation<unknown> | undefined {
    return this.#planned;
  }

  set operation(operation: Operation<unknown> | undefined) {
    if (operation === undefined) {
      if (this.#planned !== undefined) (this.#aside ??= new Set()).add(this.#planned);
      this.#planned = undefined;
      return;
    }
    this.plan(operation);
    // The waits that are held now come from the middleware around the app that has planned it.
    if (this.#aside?.delete(operation)) this.#plannedBefore = undefined;
  }

  get result(): unknown {
    this.#refusePlanned();
    return this.#result;
  }

  set result(result: unknown) {
    this.#result = result;
  }

  get exception(): unknown {
    this.#refusePlanned();
    return this.#exception;
  }

  set exception(exception: unknown) {
    this.#exception = exception;
  }

  /**
   * Plans an operation for the next empty block.
   *
   * @throws {OperationNotPerformed} If another one is planned.
   */
  plan(operation: Operation<unknown>): void {
    this.#refusePlanned();
    this.#planned = operation;
    this.#plannedBefore = currentStep() === undefined ? undefined : this.#expected;
  }

  /** Adds a typed wait whose empty block was yielded. */
  expect(wait: TypedWait): void {
    const first = this.#expected;
    if (first === undefined || currentStep() !== undefined) {
      wait.after = first;
      this.#expected = wait;
      return;
    }
    // An async app waits while a middleware around it waits: its empty block comes last.
    let last = first;
    while (last.after !== undefined) last = last.after;
    last.after = wait;
  }

  /** Removes a typed wait that the app has left. */
  forget(wait: TypedWait): void {
    if (this.#expected === wait) this.#expected = wait.after;
    for (let other = this.#expected; other !== undefined; other = other.after) {
      if (other.after === wait) other.after = wait.after;
    }
  }

  /** The typed wait that the next empty block stands for; `undefined` if a planned operation is later. */
  get #next(): TypedWait | undefined {
    const isPlannedNext = this.#planned !== undefined && this.#plannedBefore === this.#expected;
    return isPlannedNext ? undefined : this.#expected;
  }

  /** Takes the operation that an empty block stands for: the last one that was planned. */
  take(): Operation<unknown> | undefined {
    const wait = this.#performing = this.#next;
    if (wait !== undefined) {
      this.#expected = wait.after;
      return wait.operation;
    }
    const planned = this.#planned;
    this.#planned = undefined;
    return planned;
  }

  /**
   * Performs the operation of an empty block at once if it is a {@linkcode QuickOperation} that need not wait.
   *
   * @returns Whether the operation was performed, so that the app need not wait.
   */
  performNow(): boolean {
    const operation = this.#next?.operation ?? this.#planned;
    if (!(operation instanceof QuickOperation)) return false;
    let value: unknown;
    try {
      value = operation.attemptNow();
    } catch (error) {
      this.take();
      this.fail(error);
      return true;
    }
    if (value === NOT_YET) return false;
    this.take();
    this.settle(value);
    return true;
  }

  /** Keeps the value of the operation that {@linkcode take} has given. */
  settle(result: unknown): void {
    if (this.#performing !== undefined) {
      this.#performing.settle(result);
      this.#performing = undefined;
      return;
    }
    this.#result = result;
    this.#exception = undefined;
  }

  /** Keeps the error of that operation; a rejection without a reason is an error as well. */
  fail(thrown: unknown): void {
    const error = thrown ?? new Error(`The operation threw ${thrown}`);
    if (this.#performing !== undefined) {
      this.#performing.fail(error);
      this.#performing = undefined;
      return;
    }
    this.#result = this.#exception = error;
  }

  /**
   * The app has ended by itself.
   *
   * @returns The error of an operation that is planned; nothing will perform it any more.
   */
  unperformed(): OperationNotPerformed | undefined {
    const planned = this.#planned;
    if (planned === undefined) return undefined;
    this.#planned = undefined;
    return new OperationNotPerformed(planned, "planned");
  }

  /**
   * The app is being closed. Its steps may go on, and planned operations that nothing performs any
   * more are no mistake.
   */
  beginClosing(): void {
    this.#isClosing = true;
    this.#planned = undefined;
  }

  #refusePlanned(): void {
    const planned = this.#planned;
    if (planned === undefined) return;
    this.#planned = undefined;
    if (!this.#isClosing) throw new OperationNotPerformed(planned, "planned");
  }
}
