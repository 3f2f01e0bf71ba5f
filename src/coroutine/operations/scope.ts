/**
 * Scopes, with coroutines that do not outlive the block that added them.
 *
 * The body of a scope is a coroutine of its own, next to the children. The coroutine that runs the
 * scope only waits. So an error of the body or of a child can cancel all others, in every order of
 * events.
 *
 * @module
 */

import { checkFunction, refuseSurplus } from "../call_checks.ts";
import { Call } from "./call.ts";
import { type CurrentStep, currentStep } from "../current_step.ts";
import { type Operation, operation } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { Coroutine, CoroutineFunction, Task, TaskScheduler } from "../task.ts";
import { Waiters } from "../kernel/waiters.ts";

/** The interface of a {@linkcode scope} for its body. */
export interface Scope {
  /**
   * Adds a coroutine that ends with the scope at the latest.
   *
   * @throws {TypeError} If the scope has ended, or `fn` does not return a generator.
   */
  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T>;
  /** Waits until all added coroutines have ended. */
  join(): Operation<void>;
}

/**
 * Runs a coroutine and its children, which end with it.
 *
 * When the body returns, the scope cancels the children that still run. When a child or the body
 * fails, the scope cancels all others. When the waiting coroutine is cancelled, the scope cancels
 * all. In each case the scope ends only after every `finally` block has run. `yield* scope.join()`
 * at the end of the body waits for the children instead.
 *
 * @param body A coroutine function, called with the scope, that adds children to it. The body runs
 *   as a child itself.
 * @returns An operation that gives the result of the body. The operation throws the error of the
 *   coroutine that failed, or an `AggregateError` if several failed.
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
  if (arguments.length > 1) refuseSurplus("scope", arguments, 1, "timeout(scope(body), 5)");
  checkFunction("The body of scope", body);
  return Call(runScope<T>, body);
}

/** Runs a scope in the coroutine that waits for the scope. */
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

/** The body and the children of one scope. */
class Children implements Scope {
  readonly #scheduler: TaskScheduler;
  /** The children that have not ended, without the body. */
  readonly #running = new Set<RunningTask<unknown>>();
  /** The errors of the body and the children, in order of time. */
  readonly #errors: unknown[] = [];
  /** Waits for the end of all children. */
  readonly #joiners = new Waiters<void>();
  /** The wait for the end of the body and all children. */
  readonly #endWaiters = new Waiters<void>();
  #body: RunningTask<unknown> | undefined;
  /**
   * Becomes true at the first `cancel`, at the latest at the end of the body, and stays so. From
   * then on no child may be added.
   */
  #closing = false;

  constructor(scheduler: TaskScheduler) {
    this.#scheduler = scheduler;
  }

  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T> {
    if (this.#closing) throw new TypeError(`Cannot add ${fn.name}: the scope has ended`);
    const task = this.#scheduler.add(fn, ...args);
    const child = task as RunningTask<unknown>;
    this.#running.add(child);
    child.watch(() => {
      this.#running.delete(child);
      this.#onEnd(child);
    });
    return task;
  }

  /** Adds the body. At its end, the scope cancels the children. */
  addBody<T>(body: CoroutineFunction<[Scope], T>): Task<T> {
    const task = this.#scheduler.add(body, this as Scope);
    const main = this.#body = task as RunningTask<unknown>;
    main.watch(() => {
      this.cancel();
      this.#onEnd(main);
    });
    return task;
  }

  join(): Operation<void> {
    return operation((resume) => {
      if (this.#running.size === 0) return resume.value();
      return this.#joiners.add(resume, undefined);
    }, "Scope.join");
  }

  /** Waits until the body and all children have ended. */
  ended(): Operation<void> {
    return operation((resume) => {
      if (this.#allEnded()) return resume.value();
      return this.#endWaiters.add(resume, undefined);
    }, "scope");
  }

  cancel(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#body?.cancel();
    for (const task of this.#running) task.cancel();
  }

  throwErrors(): void {
    if (this.#errors.length === 1) throw this.#errors[0];
    if (this.#errors.length > 1) {
      throw new AggregateError(this.#errors, `${this.#errors.length} coroutines of a scope failed`);
    }
  }

  #onEnd(task: RunningTask<unknown>): void {
    if (task.state === "failed") {
      task.observe();
      this.#errors.push(task.error);
      this.cancel();
    }
    if (this.#running.size === 0) this.#joiners.resumeAll(undefined);
    if (this.#allEnded()) this.#endWaiters.resumeAll(undefined);
  }

  #allEnded(): boolean {
    return this.#running.size === 0 && this.#body?.done === true;
  }
}
