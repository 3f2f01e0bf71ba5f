/**
 * Scopes: coroutines that do not outlive the block that added them.
 *
 * @module
 */

import { Call } from "./call.ts";
import { type CurrentStep, currentStep } from "../current_step.ts";
import { type Operation, operation } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { Coroutine, CoroutineFunction, Task, TaskScheduler } from "../task.ts";
import { Waiters } from "../kernel/waiters.ts";

/** Where coroutines of a {@linkcode scope} are added. */
export interface Scope {
  /**
   * Adds a coroutine that ends with the scope at the latest.
   *
   * @throws {TypeError} If the scope has ended, or `fn` gives no generator.
   */
  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T>;
  /** Waits until all that were added have ended. */
  join(): Operation<void>;
}

/** The coroutines of one scope. */
class Children implements Scope {
  readonly #scheduler: TaskScheduler;
  readonly #tasks = new Set<RunningTask<unknown>>();
  readonly #errors: unknown[] = [];
  readonly #joiners = new Waiters<void>();
  readonly #enders = new Waiters<void>();
  #body: RunningTask<unknown> | undefined;
  #closing = false;

  constructor(scheduler: TaskScheduler) {
    this.#scheduler = scheduler;
  }

  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T> {
    if (this.#closing) throw new TypeError(`Cannot add ${fn.name}: the scope has ended`);
    const task = this.#scheduler.add(fn, ...args);
    const child = task as RunningTask<unknown>;
    this.#tasks.add(child);
    child.watch(() => {
      this.#tasks.delete(child);
      this.#ended(child);
    });
    return task;
  }

  /** Adds the body: with it, the scope ends. */
  addBody<T>(body: CoroutineFunction<[Scope], T>): Task<T> {
    const task = this.#scheduler.add(body, this as Scope);
    const main = this.#body = task as RunningTask<unknown>;
    main.watch(() => {
      this.cancel();
      this.#ended(main);
    });
    return task;
  }

  join(): Operation<void> {
    return operation((resume) => {
      if (this.#tasks.size === 0) return resume.value();
      return this.#joiners.add(resume, undefined);
    }, "Scope.join");
  }

  /** Waits until the body and all children have ended. */
  ended(): Operation<void> {
    return operation((resume) => {
      if (this.#isOver()) return resume.value();
      return this.#enders.add(resume, undefined);
    }, "scope");
  }

  cancel(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#body?.cancel();
    for (const task of this.#tasks) task.cancel();
  }

  throwErrors(): void {
    if (this.#errors.length === 1) throw this.#errors[0];
    if (this.#errors.length > 1) {
      throw new AggregateError(this.#errors, `${this.#errors.length} coroutines of a scope failed`);
    }
  }

  #ended(task: RunningTask<unknown>): void {
    if (task.state === "failed") {
      task.observe();
      this.#errors.push(task.error);
      this.cancel();
    }
    if (this.#tasks.size === 0) this.#joiners.resumeAll(undefined);
    if (this.#isOver()) this.#enders.resumeAll(undefined);
  }

  #isOver(): boolean {
    return this.#tasks.size === 0 && this.#body?.done === true;
  }
}

/** Runs a scope in the coroutine that waits for it. */
function* runScope<T>(body: CoroutineFunction<[Scope], T>): Coroutine<T> {
  const children = new Children((currentStep() as CurrentStep).scheduler);
  const main = children.addBody(body);
  try {
    yield* children.ended();
  } finally {
    children.cancel();
    yield* children.ended();
    children.throwErrors();
  }
  if (main.state === "cancelled") throw main.error;
  return main.result as T;
}

/**
 * Runs a coroutine whose children end with it.
 *
 * When the body returns, the children that still run are cancelled; when one of them, or the body,
 * fails, all others are; when the coroutine that waits is cancelled, all are. In each case the scope
 * ends only after every `finally` has run. `yield* scope.join()` waits for the children instead.
 *
 * @param body Is given the scope, to add children to. It runs as a child itself.
 * @returns An operation that gives what the body returns, or throws the error of whichever failed;
 *   an `AggregateError` if several did.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, scope, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const log: string[] = [];
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const task = scheduler.add(function* () {
 *   return yield* scope(function* (children) {
 *     children.add(function* ticker() {
 *       try {
 *         for (;;) {
 *           yield* Sleep(1);
 *           log.push("tick");
 *         }
 *       } finally {
 *         log.push("stopped");
 *       }
 *     });
 *     yield* Sleep(2.5);
 *     return "done";
 *   });
 * });
 * clock.advance(2500);
 * assertEquals(log, ["tick", "tick", "stopped"]);
 * assertEquals([task.result, scheduler.stats().tasks], ["done", 0]);
 * ```
 */
export function scope<T>(body: CoroutineFunction<[Scope], T>): Operation<T> {
  return Call(runScope<T>, body);
}
