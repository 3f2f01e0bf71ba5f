/**
 * What an untyped `yield` may give: an operation, a promise, or another coroutine.
 *
 * @module
 */

import { Call } from "./call.ts";
import { type Operation, operation } from "../operation.ts";
import type { Coroutine } from "../task.ts";
import { until } from "./until.ts";

/**
 * The operation that a yielded value stands for.
 *
 * @param yielded What a coroutine yielded.
 * @returns The operation; for anything that cannot be waited for, one that fails with a `TypeError`.
 */
export function adapt(yielded: unknown): Operation<unknown> {
  if (typeof yielded === "object" && yielded !== null) {
    if (typeof (yielded as PromiseLike<unknown>).then === "function") {
      return until(yielded as PromiseLike<unknown>);
    }
    if (typeof (yielded as Coroutine<unknown>).next === "function") {
      return Call(() => yielded as Coroutine<unknown>);
    }
  }
  return refusal(yielded);
}

function refusal(yielded: unknown): Operation<never> {
  return operation((resume) => {
    const what = typeof yielded === "string" ? `the string ${JSON.stringify(yielded)}` : yielded;
    resume.error(
      new TypeError(
        `Cannot wait for ${String(what)}: expected an operation, a promise or a coroutine`,
      ),
    );
  }, "nothing");
}
