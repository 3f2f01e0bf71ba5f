/** A coroutine with a result after some time, for the tests of operations that wait for operations. */

import { type Coroutine, Sleep } from "../../../src/coroutine/mod.ts";

/** Returns `value` after `seconds`. Its `finally` block adds a line to `log`, also when it is cancelled. */
export function* later<T>(seconds: number, value: T, log: string[] = []): Coroutine<T> {
  try {
    yield* Sleep(seconds);
    return value;
  } finally {
    log.push(`${value} ended`);
  }
}
