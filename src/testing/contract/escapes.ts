/**
 * The errors that escape from an adapter to the process while a check runs.
 *
 * An adapter that catches no error of a handler lets it end the process, and with it the other checks.
 *
 * @module
 */

import { onEscape } from "../../../adapters/shared/escapes.ts";
import { showValue } from "../../coroutine/mod.ts";

/**
 * Runs a check until its end, or until an error escapes.
 *
 * @param run The check. It goes on in vain if an error has escaped.
 * @throws Rejects with the error of the check, or with one that tells of the escaped error.
 */
export async function withoutEscapes(run: () => Promise<void> | void): Promise<void> {
  let stop = () => {};
  const escape = new Promise<never>((_, reject) => {
    stop = onEscape((error) => {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : showValue(error);
      reject(new Error(`An error escaped, and would end the process: ${text}`, { cause: error }));
    });
  });
  try {
    await Promise.race([run(), escape]);
  } finally {
    stop();
  }
}
