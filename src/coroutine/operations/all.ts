/**
 * `all` and `allSettled` wait for all of several operations.
 *
 * Both start one branch of {@linkcode Branches} for each operation. The first error ends the wait
 * of `all`; `allSettled` gives the errors as results.
 *
 * @module
 */

import { Branches, checkOperations, type Outcome } from "./branch.ts";
import { refuseSurplus } from "../call_checks.ts";
import { type Operation, operation } from "../operation.ts";
import type { OperationValue } from "./race.ts";

/** The types of the values that several operations give. */
export type OperationValues<O extends readonly Operation<unknown>[]> = {
  -readonly [N in keyof O]: OperationValue<O[N]>;
};

/** The types of the results of several operations, in the form of `Promise.allSettled`. */
export type OperationResults<O extends readonly Operation<unknown>[]> = {
  -readonly [N in keyof O]: PromiseSettledResult<OperationValue<O[N]>>;
};

/**
 * Waits for several operations at once, until all have a value or one fails; then the others are
 * aborted.
 *
 * @param operations The operations, started in this order.
 * @returns An operation that gives their values in the same order, or throws the first error.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { all, Call, ManualClock, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * function* later<T>(value: T) {
 *   yield* Sleep(1);
 *   return value;
 * }
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   const [n, s] = yield* all([Call(later<number>, 1), Call(later<string>, "two")]);
 *   return s.repeat(n);
 * });
 * clock.advance(1000);
 * assertEquals(task.result, "two");
 * ```
 */
export function all<const O extends readonly Operation<unknown>[]>(
  operations: O,
): Operation<OperationValues<O>> {
  if (arguments.length > 1) refuseSurplus("all", arguments, 1, "timeout(all([...]), 5)");
  return waitForAll("all", operations, ({ content }) => content, true);
}

/**
 * Waits for several operations at once, until each has given a value or failed.
 *
 * @param operations The operations, started in this order.
 * @returns An operation that gives the result of each, in the same order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { allSettled, ManualClock, Scheduler, Sleep, WaitForSignal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* allSettled([Sleep(1), WaitForSignal("abc", { timeout: 2 })]);
 * });
 * clock.advance(2000);
 * assertEquals(task.result?.map(({ status }) => status), ["fulfilled", "rejected"]);
 * ```
 */
export function allSettled<const O extends readonly Operation<unknown>[]>(
  operations: O,
): Operation<OperationResults<O>> {
  if (arguments.length > 1) {
    refuseSurplus("allSettled", arguments, 1, "timeout(allSettled([...]), 5)");
  }
  return waitForAll("allSettled", operations, asSettled, false);
}

function asSettled({ kind, content }: Outcome): PromiseSettledResult<unknown> {
  return kind === "value"
    ? { status: "fulfilled", value: content }
    : { status: "rejected", reason: content };
}

function waitForAll<R>(
  name: string,
  operations: readonly Operation<unknown>[],
  resultOf: (outcome: Outcome) => unknown,
  failFast: boolean,
): Operation<R> {
  checkOperations(name, operations);
  return operation((resume) => {
    const branches = new Branches(resume);
    const results = new Array<unknown>(operations.length);
    let unsettled = operations.length;
    const finish = () => resume.value(results as R);
    for (const [index, member] of operations.entries()) {
      branches.start(member, (outcome) => {
        if (failFast && outcome.kind === "error") {
          branches.abort();
          return resume.error(outcome.content);
        }
        results[index] = resultOf(outcome);
        if (--unsettled === 0) finish();
      });
      if (resume.settled) return branches.abort;
    }
    if (operations.length === 0) finish();
    return branches.abort;
  }, `${name}(${operations.map(({ name }) => name).join(", ")})`);
}
