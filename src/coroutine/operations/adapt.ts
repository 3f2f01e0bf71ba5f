/**
 * The operation for a value of an untyped `yield` that is no operation itself: a promise or a
 * generator.
 *
 * The kernel calls this. It gets the function from the scheduler, because an import would make a
 * circle.
 *
 * @module
 */

import { Call } from "./call.ts";
import { type Operation, operation } from "../operation.ts";
import { showValue } from "../option_checks.ts";
import { isCoroutine } from "../task.ts";
import { isThenable } from "../interop/promises.ts";
import { until } from "./until.ts";

/**
 * Makes the operation that a yielded value stands for.
 *
 * @param yielded The value that a coroutine yielded.
 * @returns The operation. For a value of any other kind, an operation that fails with a
 *   `TypeError`.
 */
export function adapt(yielded: unknown): Operation<unknown> {
  if (isThenable(yielded)) return until(yielded);
  if (isCoroutine(yielded)) return Call(() => yielded);
  return refusal(yielded);
}

function refusal(yielded: unknown): Operation<never> {
  return operation((resume) => {
    const kind = typeof yielded === "string" ? "the string " : "";
    resume.error(
      new TypeError(
        `Cannot wait for ${kind}${
          showValue(yielded)
        }: expected an operation, a promise or a coroutine`,
      ),
    );
  }, "nothing");
}
